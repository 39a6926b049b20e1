// SPDX-License-Identifier: GPL-2.0
/* ipvtictl -j: names and forms that scripts rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ctl.h"

static struct ipvti_message msg;

static void expect(json_t *value, const char *text)
{
	json_t *want = json_loads(text, 0, NULL);
	char *have = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(want);
	if (!json_equal(value, want))
		fail_msg("have %s, want %s", have, text);
	free(have);
	json_decref(want);
	json_decref(value);
}

static void device(void **state)
{
	struct ipvti_device *dev = &msg.device;

	(void)state;
	memset(&msg, 0, sizeof(msg));
	msg.id = 7;
	msg.ifindex = 3;
	strcpy(msg.ifname, "vti0");
	for (uint16_t attr = IPVTI_A_ID; attr <= IPVTI_A_DEVICE; attr++)
		ipvti_mark(&msg, attr);
	for (uint16_t attr = IPVTI_A_DEV_LOCAL; attr <= IPVTI_A_DEV_MAX; attr++)
		ipvti_mark(dev, attr);
	assert_true(unit_address("10.0.0.1", &dev->local));
	assert_true(unit_address("2001:db8::1", &dev->remote));
	dev->encap = IPVTI_ENCAP_UDP;
	dev->sport = 4500;
	dev->dport = 4501;
	dev->fwmark = 16;
	dev->dscp = IPVTI_DSCP_INHERIT;
	dev->mtu = 1400;
	dev->carrier = 1;
	dev->carrier_age = 1500;
	dev->tag[0] = 0xab;
	expect(json_message(&msg, "device"),
	       "{\"id\":7,\"ifindex\":3,\"ifname\":\"vti0\",\"local\":\"10.0.0.1\","
	       "\"remote\":\"2001:db8::1\",\"encap\":\"udp\",\"sport\":4500,\"dport\":4501,"
	       "\"lower\":0,\"fwmark\":\"0x00000010\",\"ttl\":\"inherit\",\"dscp\":\"inherit\","
	       "\"df\":\"set\",\"mtu-fixed\":\"auto\",\"parallel\":\"off\",\"roam\":\"off\","
	       "\"secpath\":false,\"inner-checksum\":\"trust\",\"tfc\":0,\"quiet\":0,\"keepalive\":0,"
	       "\"tag\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
	       "\"mtu\":1400,\"path-mtu\":0,\"carrier\":true,\"suspect\":false,"
	       "\"carrier-age\":1500,\"rx-age\":0,\"tx-age\":0,\"sas-in\":0,\"sas-out\":0,"
	       "\"foreign\":false,\"spilling\":false,\"spilled\":0}");
}

static void association(void **state)
{
	struct ipvti_sa *sa = &msg.sa;

	(void)state;
	memset(&msg, 0, sizeof(msg));
	sa->dir = IPVTI_SA_IN;
	sa->spi = 0x1234;
	sa->esn = 1;
	sa->state = IPVTI_SA_STATE_LIVE;
	sa->bytes = UINT64_C(1) << 40;
	sa->ts_count = 1;
	sa->ts[0].src_len = 24;
	assert_true(unit_address("10.0.0.0", &sa->ts[0].src));
	ipvti_mark(&sa->ts[0], IPVTI_A_TS_SRC);
	ipvti_mark(&sa->ts[0], IPVTI_A_TS_SRC_LEN);
	sa->soft.seconds = 3000;
	ipvti_mark(&sa->soft, IPVTI_A_LIMIT_SECONDS);
	ipvti_mark(sa, IPVTI_A_SA_DIR);
	ipvti_mark(sa, IPVTI_A_SA_SPI);
	ipvti_mark(sa, IPVTI_A_SA_ESN);
	ipvti_mark(sa, IPVTI_A_SA_STATE);
	ipvti_mark(sa, IPVTI_A_SA_BYTES);
	ipvti_mark(sa, IPVTI_A_SA_SOFT);
	expect(json_struct(&ipvti_nest_sa, sa),
	       "{\"dir\":\"in\",\"spi\":\"0x00001234\",\"esn\":true,\"state\":\"live\","
	       "\"bytes\":1099511627776,\"ts\":[{\"src\":\"10.0.0.0/24\"}],"
	       "\"soft\":{\"seconds\":3000}}");
}

/* A key that slipped into a struct is not shown. */
static void no_keys(void **state)
{
	(void)state;
	memset(&msg, 0, sizeof(msg));
	msg.sa.key = (struct ipvti_key){ .len = 2, .bytes = { 0x12, 0x34 } };
	ipvti_mark(&msg.sa, IPVTI_A_SA_KEY);
	expect(json_struct(&ipvti_nest_sa, &msg.sa), "{\"key\":null,\"ts\":[]}");
}

static void event(void **state)
{
	(void)state;
	memset(&msg, 0, sizeof(msg));
	msg.event = IPVTI_EVENT_FIRST_USE;
	msg.sa.spi = 0x100;
	ipvti_mark(&msg.sa, IPVTI_A_SA_SPI);
	ipvti_mark(&msg, IPVTI_A_EVENT);
	ipvti_mark(&msg, IPVTI_A_SA);
	expect(json_struct(&ipvti_nest_message, &msg),
	       "{\"event\":\"first-use\",\"sa\":{\"spi\":\"0x00000100\",\"ts\":[]}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device),
		cmocka_unit_test(association),
		cmocka_unit_test(no_keys),
		cmocka_unit_test(event),
	};

	return cmocka_run_group_tests_name("ipvtictl json", tests, NULL, NULL);
}
