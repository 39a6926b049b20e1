// SPDX-License-Identifier: GPL-2.0
/* What IKE SAs resume from: whose it is, who wrote which part of it, and when it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../daemon.h"

static const char text[] = "what the network process says";
static char dir[] = "/tmp/ipvti-state-XXXXXX";
static char states[64], file[96];
static struct daemon d;
static struct tunnel t;
static uint8_t data[IKE_MAX_STATE];

static int begin(void **arg)
{
	int i;

	(void)arg;
	memset(&d, 0, sizeof(d));
	memset(&t, 0, sizeof(t));
	LIST_INIT(&d.tunnels);
	t.d = &d;
	strcpy(t.conf.name, "site-b");
	tag_tunnel(t.conf.name, t.tag);
	LIST_INSERT_HEAD(&d.tunnels, &t, link);
	snprintf(states, sizeof(states), "%s/ike", dir);
	snprintf(file, sizeof(file), "%s/", states);
	for (i = 0; i < TAG_TUNNEL_LEN; i++)
		sprintf(file + strlen(file), "%02x", t.tag[i]);
	state_open(&d, dir);
	return d.states == NULL;
}

static int end(void **arg)
{
	(void)arg;
	state_close(&d);
	unlink(file);
	return rmdir(states);
}

/* Another daemon, which knows nothing. */
static void restart(void)
{
	state_close(&d);
	t.n_verified = 0;
	t.resuming = false;
	state_open(&d, dir);
	assert_non_null(d.states);
}

static void store_verified(void)
{
	struct ike_id id = { .type = IKE_ID_FQDN, .len = 1, .data = "b" };

	tunnel_verified(&t, 17, 19, &id);
	state_store(&t, text, sizeof(text));
}

static void comes_back(void **arg)
{
	(void)arg;
	store_verified();
	restart();
	assert_int_equal(state_load(&t, data), sizeof(text));
	assert_string_equal(data, text);
	assert_true(t.resuming);
	assert_int_equal(t.n_verified, 1);
	assert_non_null(tunnel_peer(&t, 17, 19));
	assert_null(tunnel_peer(&t, 17, 18));
}

/* What it says does not matter: the parent believes itself alone. */
static void network_verifies_nothing(void **arg)
{
	struct verified forged = { .spi_i = 1, .spi_r = 2 };
	uint8_t tag[IPVTI_TAG_LEN] = { 0 };

	(void)arg;
	state_store(&t, &forged, sizeof(forged));
	restart();
	assert_int_equal(state_load(&t, data), sizeof(forged));
	assert_int_equal(t.n_verified, 0);
	assert_false(tunnel_is_verified(&t, tag));
}

/* A network process that does not go on with the IKE SA has not got what was verified for it. */
static void refused_is_forgotten(void **arg)
{
	(void)arg;
	store_verified();
	restart();
	assert_int_equal(state_load(&t, data), sizeof(text));
	state_store(&t, NULL, 0);
	assert_int_equal(t.n_verified, 0);
	assert_int_not_equal(access(file, F_OK), 0);
	/* One that was taken down in the ordinary way has. */
	store_verified();
	state_store(&t, NULL, 0);
	assert_int_equal(t.n_verified, 1);
}

static void harm_is_done_three_times(void **arg)
{
	int i;

	(void)arg;
	store_verified();
	for (i = 0; i < 3; i++) {
		restart();
		assert_int_equal(state_load(&t, data), sizeof(text));
	}
	restart();
	assert_int_equal(state_load(&t, data), 0);
	assert_int_equal(t.n_verified, 0);
	assert_int_not_equal(access(file, F_OK), 0);
	store_verified();
	assert_int_equal(state_load(&t, data), sizeof(text));
}

static void damaged(off_t len)
{
	store_verified();
	assert_int_equal(truncate(file, len), 0);
	assert_int_equal(state_load(&t, data), 0);
	assert_int_not_equal(access(file, F_OK), 0);
}

static void whole_or_nothing(void **arg)
{
	struct stat st;
	off_t len;

	(void)arg;
	store_verified();
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (len = 0; len < st.st_size; len += 1 + len / 8)
		damaged(len);
	damaged(st.st_size + 1);
}

static void private_or_nothing(void **arg)
{
	(void)arg;
	store_verified();
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(state_load(&t, data), 0);
	state_close(&d);
	assert_int_equal(chmod(states, 0755), 0);
	state_open(&d, dir);
	assert_null(d.states);
	state_store(&t, text, sizeof(text));
	assert_int_equal(state_load(&t, data), 0);
	assert_int_equal(chmod(states, 0700), 0);
}

static void strangers_go(void **arg)
{
	char other[128];
	FILE *f;

	(void)arg;
	store_verified();
	snprintf(other, sizeof(other), "%s.new", file);
	f = fopen(other, "w");
	assert_non_null(f);
	fputs("keys", f);
	fclose(f);
	state_sweep(&d);
	assert_int_not_equal(access(other, F_OK), 0);
	assert_int_equal(access(file, F_OK), 0);
}

/* What could not be stored leaves no keys under another name. */
static void failure_leaves_nothing(void **arg)
{
	char other[128];

	(void)arg;
	snprintf(other, sizeof(other), "%s.new", file);
	assert_int_equal(mkdir(file, 0700), 0);
	store_verified();
	assert_int_not_equal(access(other, F_OK), 0);
	assert_int_equal(rmdir(file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(comes_back, begin, end),
		cmocka_unit_test_setup_teardown(network_verifies_nothing, begin, end),
		cmocka_unit_test_setup_teardown(refused_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(harm_is_done_three_times, begin, end),
		cmocka_unit_test_setup_teardown(whole_or_nothing, begin, end),
		cmocka_unit_test_setup_teardown(private_or_nothing, begin, end),
		cmocka_unit_test_setup_teardown(strangers_go, begin, end),
		cmocka_unit_test_setup_teardown(failure_leaves_nothing, begin, end),
	};
	int ret;

	log_set_level(LOG_N_SUBSYSTEMS, IKE_LOG_ERROR);
	if (!mkdtemp(dir))
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return ret;
}
