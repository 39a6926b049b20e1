// SPDX-License-Identifier: GPL-2.0
/* ipvtictl and ipvtid: the control protocol, against a daemon that follows a script. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../control.h"

static char folder[] = "/tmp/ipvtictl-control-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static const struct command command = { .name = "test" };
static int listener;
static char request[256], said[512], shown[2048];

static void *daemon_main(void *reply)
{
	int fd = accept(listener, NULL, NULL);
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && !memchr(request, '\n', used) && used < sizeof(request)) {
		n = read(fd, request + used, sizeof(request) - used);
		used += n > 0 ? n : 0;
	}
	/* Byte by byte: lines do not come in one piece. */
	for (const char *at = reply; *at; at++)
		if (write(fd, at, 1) != 1)
			break;
	close(fd);
	return NULL;
}

static int send_up(struct ctl *ctl, json_t **answer)
{
	return control_request(ctl, json_pack("{s:s, s:s}", "command", "up", "name", "site-b"),
			       answer);
}

static int run_status(struct ctl *ctl, json_t **answer)
{
	*answer = NULL;
	return status_run(ctl);
}

/* Run a command against a daemon that says @reply; keep what is printed. */
static int converse(const char *reply, bool json, json_t **answer,
		    int (*run)(struct ctl *ctl, json_t **answer))
{
	struct ctl ctl = { .command = &command, .socket = address.sun_path, .json = json,
			   .args = (char *[]){ NULL } };
	FILE *err = stderr, *out = stdout;
	pthread_t thread;
	int status;

	memset(request, 0, sizeof(request));
	memset(said, 0, sizeof(said));
	memset(shown, 0, sizeof(shown));
	assert_int_equal(pthread_create(&thread, NULL, daemon_main, (void *)reply), 0);
	stderr = fmemopen(said, sizeof(said) - 1, "w");
	stdout = fmemopen(shown, sizeof(shown) - 1, "w");
	status = run(&ctl, answer);
	fclose(stderr);
	fclose(stdout);
	stderr = err;
	stdout = out;
	pthread_join(thread, NULL);
	return status;
}

static int ask(const char *reply, bool json, json_t **answer)
{
	return converse(reply, json, answer, send_up);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	       listen(listener, 1);
}

static int tear_down(void **state)
{
	(void)state;
	close(listener);
	unlink(address.sun_path);
	return rmdir(folder);
}

static void progress_then_success(void **state)
{
	json_t *reply;

	(void)state;
	assert_int_equal(ask("{\"progress\":\"one\"}\n{\"progress\":\"two\"}\n"
			     "{\"ok\":true,\"x\":1}\n", false, &reply), 0);
	assert_string_equal(request, "{\"command\":\"up\",\"name\":\"site-b\"}\n");
	assert_string_equal(shown, "one\ntwo\n");
	assert_string_equal(said, "");
	assert_int_equal(json_integer_value(json_object_get(reply, "x")), 1);
	json_decref(reply);
}

static void no_progress_among_json(void **state)
{
	json_t *reply;

	(void)state;
	assert_int_equal(ask("{\"progress\":\"one\"}\n{\"ok\":true}\n", true, &reply), 0);
	assert_string_equal(shown, "");
	json_decref(reply);
}

static void failure_names_the_tunnel(void **state)
{
	json_t *reply;

	(void)state;
	assert_int_equal(ask("{\"ok\":false,\"error\":\"no such tunnel\"}\n", false, &reply),
			 CTL_FAILED);
	assert_string_equal(said, "ipvtictl: test: site-b: no such tunnel\n");
	assert_null(reply);
}

static void daemon_that_dies(void **state)
{
	json_t *reply;

	(void)state;
	assert_int_equal(ask("{\"progress\":\"one\"}\n", false, &reply), CTL_FAILED);
	assert_non_null(strstr(said, "without an answer"));
	assert_int_equal(ask("", false, &reply), CTL_FAILED);
	assert_null(reply);
}

static void nonsense(void **state)
{
	static const char *const lines[] = { "hello\n", "[]\n", "{\"ok\":tr\n", "\n", "3\n" };
	json_t *reply;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(ask(lines[i], false, &reply), CTL_FAILED);
		assert_non_null(strstr(said, "this is not ipvtid"));
	}
}

static void nobody_listens(void **state)
{
	struct ctl ctl = { .command = &command, .socket = "/nonexistent/control" };
	FILE *err = stderr;
	json_t *reply;

	(void)state;
	memset(said, 0, sizeof(said));
	stderr = fmemopen(said, sizeof(said) - 1, "w");
	assert_int_equal(control_request(&ctl, json_pack("{s:s}", "command", "status"), &reply),
			 CTL_FAILED);
	fclose(stderr);
	stderr = err;
	assert_non_null(strstr(said, "ipvtid does not run"));
}

static void status_for_people(void **state)
{
	json_t *none;

	(void)state;
	assert_int_equal(converse("{\"ok\":true,\"tunnels\":["
		"{\"name\":\"site-b\",\"state\":\"up\",\"since\":133000,\"device\":\"vti0\","
		"\"carrier\":true,\"remote\":\"192.0.2.1\",\"remote-id\":\"gw-b\","
		"\"ike\":{\"state\":\"established\",\"role\":\"initiator\","
		"\"nat-remote\":true,\"rekey-in\":60000},"
		"\"children\":[{\"alg\":\"aes128gcm16\",\"esn\":true,"
		"\"spi-in\":\"0xc0000001\",\"packets-in\":7,\"bytes-in\":2048,"
		"\"local-ts\":[\"10.0.0.0/8\",\"::/0\"]}],"
		"\"last-heard\":500,\"detect\":3000,\"suspect\":false}]}\n",
		false, &none, run_status), 0);
	assert_string_equal(request, "{\"command\":\"status\"}\n");
	assert_non_null(strstr(shown, "site-b  up for 2 m 13 s, vti0 with carrier\n"));
	assert_non_null(strstr(shown, "192.0.2.1 is gw-b, behind NAT\n"));
	assert_non_null(strstr(shown, "established, initiator, new keys in 1 m\n"));
	assert_non_null(strstr(shown, "aes128gcm16 with ESN\n"));
	assert_non_null(strstr(shown, "10.0.0.0/8, ::/0 to \n"));
	assert_non_null(strstr(shown, "in  0xc0000001, 7 packets, 2.0 KiB\n"));
	assert_non_null(strstr(shown, "0.5 s ago, suspect after 3.0 s\n"));
}

/* A daemon that says less, or something else, is no reason to crash. */
static void status_of_little(void **state)
{
	json_t *none;

	(void)state;
	assert_int_equal(converse("{\"ok\":true,\"tunnels\":[{},{\"ike\":{},\"children\":[{}],"
				  "\"since\":\"x\",\"remote\":3},[],4]}\n",
				  false, &none, run_status), 0);
	assert_non_null(strstr(shown, "-  -, -\n"));
	assert_int_equal(converse("{\"ok\":true}\n", false, &none, run_status), 0);
	assert_string_equal(shown, "");
	assert_int_equal(converse("{\"ok\":true,\"tunnels\":[]}\n", true, &none, run_status), 0);
	assert_string_equal(shown, "[]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(progress_then_success),
		cmocka_unit_test(no_progress_among_json),
		cmocka_unit_test(failure_names_the_tunnel),
		cmocka_unit_test(daemon_that_dies),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(status_for_people),
		cmocka_unit_test(status_of_little),
	};

	return cmocka_run_group_tests_name("ipvtictl control", tests, set_up, tear_down);
}
