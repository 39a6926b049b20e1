// SPDX-License-Identifier: GPL-2.0
/* Key exchange against Wycheproof's files, where they lie beside the checkout. */
#include <string.h>

#include <jansson.h>

#include "../core/transform.h"
#include "../crypto/openssl.h"
#include "check.h"
#include "hex.h"

#define FOLDER "../shared/vectors/"

/* Private key of the files, and any public value: the backend takes both, the result needs one. */
static const char p256_generator[] =
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
static const char x25519_generator[] =
	"0900000000000000000000000000000000000000000000000000000000000000";

struct file {
	const char *path;
	uint16_t group;
	const char *generator;
	bool (*usable)(const struct octets *pub);
	size_t prefix;
};

static const char *field(const json_t *test, const char *name)
{
	const char *text = json_string_value(json_object_get(test, name));

	assert_non_null(text);
	return text;
}

static bool has_flag(const json_t *test, const char *flag)
{
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(test, "flags"), i, value)
		if (!strcmp(json_string_value(value), flag))
			return true;
	return false;
}

/* The private keys of the files may have leading zeros or lack them. */
static struct octets fixed(const struct octets *in, size_t len)
{
	struct octets out = { .len = len };
	size_t skip = in->len > len ? in->len - len : 0;

	memcpy(out.data + len - (in->len - skip), in->data + skip, in->len - skip);
	return out;
}

/* What IKE can carry: x and y, behind an octet that says so in the files (RFC 5903). */
static bool uncompressed(const struct octets *pub)
{
	return pub->len == 65 && pub->data[0] == 4;
}

static bool any(const struct octets *pub)
{
	return pub->len == 32;
}

static const struct file p256_file = {
	FOLDER "wycheproof-ecdh_secp256r1_ecpoint_test.json", IKE_KE_ECP_256, p256_generator,
	uncompressed, 1,
};

static const struct file x25519_file = {
	FOLDER "wycheproof-x25519_test.json", IKE_KE_X25519, x25519_generator, any, 0,
};

static bool must_fail(const json_t *test)
{
	return !strcmp(field(test, "result"), "invalid") || has_flag(test, "ZeroSharedSecret");
}

/* Return: whether the case could be run. */
static bool run_case(const struct ike_crypto *crypto, const struct file *f, const json_t *test)
{
	struct octets given = hex(field(test, "public"));
	struct octets priv = hex(field(test, "private"));
	struct octets own = hex(f->generator);
	struct ike_chunk peer = { given.data + f->prefix, given.len - f->prefix };
	struct octets secret = { 0 };
	bool ok;

	if (!f->usable(&given))
		return false;
	priv = fixed(&priv, 32);
	ok = crypto->ke_shared(crypto->ctx, f->group, chunk(&priv), chunk(&own), peer, secret.data,
			       &secret.len);
	if (ok == must_fail(test))
		fail_msg("%s: case %d: %s", f->path,
			 (int)json_integer_value(json_object_get(test, "tcId")),
			 ok ? "accepted" : "refused");
	if (ok)
		assert_hex(secret.data, secret.len, field(test, "shared"));
	return true;
}

static void run_file(const struct file *f)
{
	struct ike_crypto *crypto;
	json_t *root, *group, *test;
	unsigned int run = 0;
	size_t i, k;

	root = json_load_file(f->path, 0, NULL);
	if (!root) {
		print_message("%s is not there\n", f->path);
		skip();
	}
	crypto = ike_openssl_new();
	assert_non_null(crypto);
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
		json_array_foreach(json_object_get(group, "tests"), k, test)
			run += run_case(crypto, f, test);
	assert_true(run > 100);
	ike_openssl_free(crypto);
	json_decref(root);
}

static void ecp256(void **state)
{
	(void)state;
	run_file(&p256_file);
}

static void x25519(void **state)
{
	(void)state;
	run_file(&x25519_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecp256),
		cmocka_unit_test(x25519),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
