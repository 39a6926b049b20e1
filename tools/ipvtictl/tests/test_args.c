// SPDX-License-Identifier: GPL-2.0
/* ipvtictl: words of the command line and key files into structs; faults in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../ctl.h"

#define ARGS_MAX 64

static const struct command command = { .name = "test" };
static struct ipvti_sa sa;
static char keyfile[] = "/tmp/ipvtictl-key-XXXXXX";
/* What went to standard error. */
static char said[512];

static void write_key(const char *text, mode_t mode)
{
	FILE *out = fopen(keyfile, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(keyfile, mode), 0);
}

/* Split a line at blanks; K stands for the key file. */
static void split(char *line, char **args)
{
	int n = 0;

	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		assert_true(n < ARGS_MAX - 1);
		args[n++] = strcmp(word, "K") ? word : keyfile;
	}
	args[n] = NULL;
}

/* Run a parser over a line, and keep what it says. */
static int parse_line(const char *text, int (*parse)(struct ctl *ctl, void *obj), void *obj)
{
	struct ctl ctl = { .command = &command };
	char *args[ARGS_MAX], *line = strdup(text);
	FILE *real = stderr;
	int status;

	split(line, args);
	ctl.args = args;
	memset(said, 0, sizeof(said));
	stderr = fmemopen(said, sizeof(said) - 1, "w");
	status = parse(&ctl, obj);
	fclose(stderr);
	stderr = real;
	free(line);
	ipvti_close(ctl.ipvti);
	return status;
}

static int parse_sa_line(struct ctl *ctl, void *obj)
{
	return sa_parse(ctl, obj);
}

static int parse_device_line(struct ctl *ctl, void *obj)
{
	return set_parse(ctl, obj);
}

static int parse_sa(const char *line)
{
	memset(&sa, 0, sizeof(sa));
	return parse_line(line, parse_sa_line, &sa);
}

static int set_up(void **state)
{
	int fd = mkstemp(keyfile);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(keyfile);
}

static void sa_in_full(void **state)
{
	(void)state;
	write_key("000102030405060708090a0b0c0d0e0f10111213\n", 0600);
	assert_int_equal(parse_sa("out spi 0xc0000001 alg aes128gcm16 key-file K esn on "
				  "ts 10.0.0.0/24 10.1.0.0/24 proto 6 dport 80-443 sport 1024 "
				  "ts 2001:db8::/32 ::/0 "
				  "soft seconds 50m soft bytes 4G hard seconds 1h hard packets 2G "
				  "seq 4294967290 pair 0xc0000002 replaces 0xc0000003 flow 2 "
				  "activate first-use legacy tag 01ff"), 0);
	assert_string_equal(said, "");
	assert_int_equal(sa.dir, IPVTI_SA_OUT);
	assert_int_equal(sa.spi, 0xc0000001);
	assert_string_equal(sa.alg, "aes128gcm16");
	assert_int_equal(sa.key.len, 20);
	assert_int_equal(sa.key.bytes[19], 0x13);
	assert_int_equal(sa.esn, 1);
	assert_int_equal(sa.seq, 4294967290);
	assert_int_equal(sa.pair, 0xc0000002);
	assert_int_equal(sa.replaces, 0xc0000003);
	assert_int_equal(sa.activate, IPVTI_ACTIVATE_FIRST_USE);
	assert_int_equal(sa.legacy, 1);
	assert_true(ipvti_has(&sa, IPVTI_A_SA_LEGACY));
	assert_int_equal(sa.tag[1], 0xff);
	assert_int_equal(sa.ts_count, 2);
	assert_int_equal(sa.ts[0].proto, 6);
	assert_int_equal(sa.ts[0].dport_min, 80);
	assert_int_equal(sa.ts[0].dport_max, 443);
	assert_int_equal(sa.ts[0].sport_max, 1024);
	assert_false(ipvti_has(&sa.ts[1], IPVTI_A_TS_PROTO));
	assert_int_equal(sa.ts[1].dst.len, 16);
	assert_int_equal(sa.soft.seconds, 3000);
	assert_true(sa.soft.bytes == UINT64_C(4) << 30);
	assert_int_equal(sa.hard.packets, 2000000000);
	assert_false(ipvti_has(&sa.hard, IPVTI_A_LIMIT_BYTES));
	assert_false(ipvti_has(&sa, IPVTI_A_SA_REPLAY_WINDOW));
}

/* Each line is one fault; the message names it. */
static void sa_faults(void **state)
{
	static const struct {
		const char *line, *names;
	} faults[] = {
		{ "", "direction" },
		{ "sideways spi 0x100", "direction" },
		{ "in spi 255 alg x key-file K", "'255' is not an SPI" },
		{ "in spi 0x100000000", "0x100000000" },
		{ "in spi 300 spi 301", "spi is given twice" },
		{ "in spi 300 alg x", "key-file is missing" },
		{ "in alg x key-file K", "spi is missing" },
		{ "in spi 300 alg", "alg is missing" },
		{ "in spi 300 bogus 3", "'bogus'" },
		{ "in spi 300 esn maybe", "'maybe' is none of off, on" },
		{ "in spi 300 replay-window 8193", "0 to 8192" },
		{ "in spi 300 ts 10.0.0.0/24", "ts DST is missing" },
		{ "in spi 300 ts 10.0.0.0/24 ::/0", "family" },
		{ "in spi 300 ts 10.0.0.1/24 0.0.0.0/0", "'10.0.0.1/24'" },
		{ "in spi 300 ts 0.0.0.0/0 0.0.0.0/0 dport 9-8", "dport: '9-8'" },
		{ "in spi 300 ts 0.0.0.0/0 0.0.0.0/0 proto nonsense", "'nonsense'" },
		{ "in spi 300 soft", "packets, bytes, seconds or idle" },
		{ "in spi 300 soft bytes 0", "soft bytes" },
		{ "in spi 300 hard seconds 1500ms", "hard seconds" },
		{ "in spi 300 soft bytes 1 soft bytes 2", "soft bytes is given twice" },
		{ "in spi 300 tag 0g", "tag" },
	};

	(void)state;
	write_key("00", 0600);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_int_equal(parse_sa(faults[i].line), CTL_USAGE);
		if (!strstr(said, faults[i].names))
			fail_msg("'%s' said: %s", faults[i].line, said);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

static void key_files(void **state)
{
	static const char *const bad[] = { "", "\n", "0", "00 11", "0g", "00\n11\n", "key" };
	char longest[2 * IPVTI_KEY_MAX + 3];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_key(bad[i], 0600);
		assert_int_equal(parse_sa("in spi 300 alg x key-file K"), CTL_FAILED);
		assert_non_null(strstr(said, "hex"));
		assert_int_equal(sa.key.len, 0);
	}
	memset(longest, '1', sizeof(longest));
	longest[2 * IPVTI_KEY_MAX] = '\0';
	write_key(longest, 0600);
	assert_int_equal(parse_sa("in spi 300 alg x key-file K"), 0);
	assert_int_equal(sa.key.len, IPVTI_KEY_MAX);
	strcpy(longest + 2 * IPVTI_KEY_MAX, "22");
	write_key(longest, 0600);
	assert_int_equal(parse_sa("in spi 300 alg x key-file K"), CTL_FAILED);
	assert_int_equal(parse_sa("in spi 300 alg x key-file /nonexistent/key"), CTL_FAILED);
	assert_non_null(strstr(said, "/nonexistent/key"));
}

static void open_key_file_is_warned_of(void **state)
{
	(void)state;
	write_key("  0x0a\n\n", 0644);
	assert_int_equal(parse_sa("in spi 300 alg x key-file K"), 0);
	assert_non_null(strstr(said, "warning"));
	assert_non_null(strstr(said, "0644"));
	assert_int_equal(sa.key.len, 1);
	assert_int_equal(sa.key.bytes[0], 0x0a);
}

static void key_from_standard_input(void **state)
{
	int home = dup(STDIN_FILENO), pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "0102\n", 5), 5);
	close(pipes[1]);
	dup2(pipes[0], STDIN_FILENO);
	close(pipes[0]);
	assert_int_equal(parse_sa("in spi 300 alg x key-file -"), 0);
	dup2(home, STDIN_FILENO);
	close(home);
	assert_int_equal(sa.key.len, 2);
}

static void settings(void **state)
{
	struct ipvti_device dev = {};

	(void)state;
	assert_int_equal(parse_line("local 10.0.0.1 remote 2001:db8::1 encap udp 4500 4501 ttl "
				    "inherit dscp 46 df copy mtu auto parallel auto roam port "
				    "secpath on inner-checksum verify tfc mtu quiet 500ms keepalive 20s "
				    "fwmark 0x10 lower any", parse_device_line, &dev), 0);
	assert_int_equal(dev.local.len, 4);
	assert_int_equal(dev.remote.len, 16);
	assert_int_equal(dev.encap, IPVTI_ENCAP_UDP);
	assert_int_equal(dev.sport, 4500);
	assert_int_equal(dev.dport, 4501);
	assert_true(ipvti_has(&dev, IPVTI_A_DEV_DPORT));
	assert_int_equal(dev.ttl, IPVTI_TTL_INHERIT);
	assert_int_equal(dev.dscp, 46);
	assert_int_equal(dev.df, IPVTI_DF_COPY);
	assert_int_equal(dev.mtu_fixed, 0);
	assert_true(ipvti_has(&dev, IPVTI_A_DEV_MTU_FIXED));
	assert_int_equal(dev.parallel, IPVTI_PARALLEL_AUTO);
	assert_int_equal(dev.roam, IPVTI_ROAM_PORT);
	assert_int_equal(dev.secpath, 1);
	assert_int_equal(dev.tfc, IPVTI_TFC_MTU);
	assert_int_equal(dev.inner_checksum, IPVTI_INNER_CHECKSUM_VERIFY);
	assert_int_equal(dev.quiet, 500);
	assert_int_equal(dev.keepalive, 20);
	assert_int_equal(dev.fwmark, 16);
	assert_false(ipvti_has(&dev, IPVTI_A_DEV_TAG));
	dev = (struct ipvti_device){};
	assert_int_equal(parse_line("local any", parse_device_line, &dev), 0);
	assert_int_equal(dev.local.len, 4);
	assert_int_equal(dev.local.bytes[3], 0);
}

static void setting_faults(void **state)
{
	static const struct {
		const char *line, *names;
	} faults[] = {
		{ "", "what to set" },
		{ "colour red", "'colour'" },
		{ "remote", "remote is missing" },
		{ "remote gw.example", "'gw.example' is not an IP address" },
		{ "encap udp 4500", "DPORT is missing" },
		{ "encap udp 0 4500", "SPORT" },
		{ "ttl 0", "1 to 255" },
		{ "dscp 64", "0 to 63" },
		{ "mtu 1279", "1280 to 65535" },
		{ "df maybe", "set, clear, copy" },
		{ "keepalive 1500ms", "keepalive" },
		{ "ttl 3 ttl 4", "ttl is given twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct ipvti_device dev = {};

		assert_int_equal(parse_line(faults[i].line, parse_device_line, &dev), CTL_USAGE);
		if (!strstr(said, faults[i].names))
			fail_msg("'%s' said: %s", faults[i].line, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sa_in_full),
		cmocka_unit_test(sa_faults),
		cmocka_unit_test(key_files),
		cmocka_unit_test(open_key_file_is_warned_of),
		cmocka_unit_test(key_from_standard_input),
		cmocka_unit_test(settings),
		cmocka_unit_test(setting_faults),
	};

	return cmocka_run_group_tests_name("ipvtictl arguments", tests, set_up, tear_down);
}
