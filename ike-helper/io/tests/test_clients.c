// SPDX-License-Identifier: GPL-2.0
/* What the clients of a template are called, and their devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../core/ids.h"
#include "../daemon.h"

static struct ike_id identity(const char *text)
{
	struct ike_id id;

	if (!ike_id_parse(text, &id))
		fail_msg("%s", text);
	return id;
}

static void names(void **state)
{
	static const struct {
		const char *template;
		const char *id;
		const char *name;
	} cases[] = {
		{ "staff", "laptop.example.net", "staff/laptop.example.net" },
		{ "staff", "me@example.net", "staff/me@example.net" },
		{ "staff", "192.0.2.1", "staff/192.0.2.1" },
		{ "staff", "2001:db8::1", "staff/2001:db8::1" },
		{ "staff", "keyid:@laptop.example.net", "staff/keyid:@laptop.example.net" },
		{ "staff", "C=CH, CN=a b", "staff/C=CH,_CN=a_b~96b159d1" },
		{ "staff", "fqdn:a/../b", "staff/fqdn:a_.._b~efcdfb9e" },
		{ "a-template-whose-name-is-long--",
		  "a-host-whose-name-is-long.example.net",
		  "a-template-whose-name-is-long--/a-host-whose-name-is-l~1b1da575" },
	};
	char name[IKE_MAX_NAME];
	struct ike_id id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		id = identity(cases[i].id);
		template_client_name(cases[i].template, &id, name);
		assert_string_equal(name, cases[i].name);
	}
}

static void devices(void **state)
{
	static const struct {
		const char *pattern;
		const char *id;
		unsigned int n;
		const char *name;
	} cases[] = {
		{ "vti%d", "laptop.example.net", 0, "vti0" },
		{ "vti%d", "laptop.example.net", 65535, "vti65535" },
		{ "%da", "laptop.example.net", 7, "7a" },
		{ "rw-%i", "laptop.example.net", 0, "rw-laptop" },
		{ "rw-%i", "laptop.example.net", 1, "rw-laptop~1" },
		{ "%i", "me@example.net", 0, "me" },
		{ "rw-%i", "a-name-of-many-letters.net", 0, "rw-a-name-of-ma" },
		{ "rw-%i", "a-name-of-many-letters.net", 12, "rw-a-name-of~12" },
		{ "%i-rw", "a-name-of-many-letters.net", 3, "a-name-of-man~3" },
		{ "rw-%i", "192.0.2.1", 0, "rw-192.0.2.1" },
		{ "rw-%i", "2001:db8::1", 0, "rw-2001-db8--1" },
		{ "rw-%i", "keyid:@laptop", 0, "rw-laptop" },
		{ "rw-%i", "keyid:00ff", 0, "rw-00ff" },
		{ "rw-%i", "C=CH, CN=a b, O=x", 0, "rw-a-b" },
		{ "rw-%i", "C=CH, O=x", 0, "rw-C-CH--O-x" },
		{ "rw-%i", "fqdn:../a:b", 0, "rw-" },
		{ "long-pattern-%i", "laptop.example.net", 0, "long-pattern-la" },
		{ "long-pattern-%i", "laptop.example.net", 10, "long-pattern~10" },
	};
	char name[IFNAMSIZ];
	struct ike_id id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		id = identity(cases[i].id);
		assert_true(template_device_name(cases[i].pattern, &id, cases[i].n, name));
		assert_string_equal(name, cases[i].name);
	}
	id = identity("laptop.example.net");
	assert_true(template_device_name("long-pattern-%d", &id, 99, name));
	assert_false(template_device_name("long-pattern-%d", &id, 100, name));
	assert_true(template_device_name("long-pattern-%i", &id, 4294967295, name));
	assert_string_equal(name, "long~4294967295");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
