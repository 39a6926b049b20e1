/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipvti

#if !defined(_IPVTI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IPVTI_TRACE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#define IPVTI_TRACE_REASON_LEN 24

/* One event per dropped packet. Device and SPI are those known when it was dropped. */
TRACE_EVENT(ipvti_drop,
	TP_PROTO(const struct net_device *dev, u32 spi, const struct sk_buff *skb,
		 const char *reason),
	TP_ARGS(dev, spi, skb, reason),
	TP_STRUCT__entry(
		__array(char, device, IFNAMSIZ)
		__array(char, reason, IPVTI_TRACE_REASON_LEN)
		__field(const void *, skbaddr)
		__field(u32, spi)
		__field(u32, len)
	),
	TP_fast_assign(
		strscpy(__entry->device, dev ? dev->name : "-", IFNAMSIZ);
		strscpy(__entry->reason, reason, IPVTI_TRACE_REASON_LEN);
		__entry->skbaddr = skb;
		__entry->spi = spi;
		__entry->len = skb ? skb->len : 0;
	),
	TP_printk("dev=%s spi=0x%08x len=%u reason=%s skbaddr=%p",
		  __entry->device, __entry->spi, __entry->len, __entry->reason, __entry->skbaddr)
);

#endif /* _IPVTI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
