/* SPDX-License-Identifier: GPL-2.0 */
/* Header, payload chains, notifications: parsing and building (RFC 7296 section 3). */
#ifndef IKE_MESSAGE_H
#define IKE_MESSAGE_H

#include "buf.h"
#include "ike.h"

enum {
	IKE_HEADER_LEN = 28,
	IKE_PAYLOAD_HEADER_LEN = 4,
	IKE_SKF_HEADER_LEN = 8,		/* with fragment number and total */
	IKE_MAX_PAYLOADS = 64,
	IKE_MAJOR_VERSION = 2,
	IKE_VERSION = 0x20,

	IKE_FLAG_INITIATOR = 0x08,
	IKE_FLAG_RESPONSE = 0x20,
};

enum ike_exchange {
	IKE_EXCH_SA_INIT = 34,
	IKE_EXCH_AUTH = 35,
	IKE_EXCH_CREATE_CHILD_SA = 36,
	IKE_EXCH_INFORMATIONAL = 37,
};

enum ike_payload_type {
	IKE_P_NONE = 0,
	IKE_P_SA = 33,
	IKE_P_KE = 34,
	IKE_P_IDI = 35,
	IKE_P_IDR = 36,
	IKE_P_CERT = 37,
	IKE_P_CERTREQ = 38,
	IKE_P_AUTH = 39,
	IKE_P_NONCE = 40,
	IKE_P_NOTIFY = 41,
	IKE_P_DELETE = 42,
	IKE_P_VENDOR = 43,
	IKE_P_TSI = 44,
	IKE_P_TSR = 45,
	IKE_P_SK = 46,
	IKE_P_CP = 47,
	IKE_P_EAP = 48,
	IKE_P_SKF = 53,
};

enum ike_notify {
	IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	IKE_NOTIFY_INVALID_IKE_SPI = 4,
	IKE_NOTIFY_INVALID_MAJOR_VERSION = 5,
	IKE_NOTIFY_INVALID_SYNTAX = 7,
	IKE_NOTIFY_INVALID_MESSAGE_ID = 9,
	IKE_NOTIFY_INVALID_SPI = 11,
	IKE_NOTIFY_NO_PROPOSAL_CHOSEN = 14,
	IKE_NOTIFY_INVALID_KE_PAYLOAD = 17,
	IKE_NOTIFY_AUTHENTICATION_FAILED = 24,
	IKE_NOTIFY_SINGLE_PAIR_REQUIRED = 34,
	IKE_NOTIFY_NO_ADDITIONAL_SAS = 35,
	IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE = 36,
	IKE_NOTIFY_FAILED_CP_REQUIRED = 37,
	IKE_NOTIFY_TS_UNACCEPTABLE = 38,
	IKE_NOTIFY_INVALID_SELECTORS = 39,
	IKE_NOTIFY_TEMPORARY_FAILURE = 43,
	IKE_NOTIFY_CHILD_SA_NOT_FOUND = 44,
	IKE_NOTIFY_FIRST_STATUS = 16384,
	IKE_NOTIFY_INITIAL_CONTACT = 16384,
	IKE_NOTIFY_NAT_DETECTION_SOURCE_IP = 16388,
	IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP = 16389,
	IKE_NOTIFY_COOKIE = 16390,
	IKE_NOTIFY_REKEY_SA = 16393,
	IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	IKE_NOTIFY_MOBIKE_SUPPORTED = 16396,
	IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS = 16397,
	IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS = 16398,
	IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES = 16399,
	IKE_NOTIFY_UPDATE_SA_ADDRESSES = 16400,
	IKE_NOTIFY_COOKIE2 = 16401,
	IKE_NOTIFY_CHILDLESS_SUPPORTED = 16418,
	IKE_NOTIFY_FRAGMENTATION_SUPPORTED = 16430,
	IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS = 16431,
	IKE_NOTIFY_USE_PPK = 16435,
	IKE_NOTIFY_PPK_IDENTITY = 16436,
	IKE_NOTIFY_NO_PPK_AUTH = 16437,
};

/**
 * struct ike_header - of a message
 */
struct ike_header {
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t next;
	uint8_t version;
	uint8_t exchange;
	uint8_t flags;
	uint32_t id;
	uint32_t len;
};

/**
 * struct ike_payload - a payload in place
 * @type: payload type
 * @next: next payload field
 * @offset: of its header from the start of the chain
 * @body: what follows the generic header
 */
struct ike_payload {
	uint8_t type;
	uint8_t next;
	size_t offset;
	struct ike_chunk body;
};

/**
 * struct ike_payloads - a parsed chain; points into what was parsed
 * @n: payloads used in @p
 * @p: payloads in order; unknown ones that are not critical are left out
 * @critical: type of an unknown critical payload, 0 if there is none
 */
struct ike_payloads {
	size_t n;
	struct ike_payload p[IKE_MAX_PAYLOADS];
	uint8_t critical;
};

/**
 * struct ike_notify_view - a Notify payload in place
 */
struct ike_notify_view {
	uint8_t protocol;
	uint16_t type;
	struct ike_chunk spi;
	struct ike_chunk data;
};

/**
 * struct ike_builder - builds a chain of payloads
 * @w: the chain
 * @first: type of the first payload
 * @last: offset of the last payload's next field
 */
struct ike_builder {
	struct ike_writer w;
	uint8_t first;
	size_t last;
};

/** ike_header_get() - parse; false if too short or the length field does not fit @len */
bool ike_header_get(const uint8_t *data, size_t len, struct ike_header *h);
/** ike_header_put() - append; the length is patched later by ike_header_finish() */
void ike_header_put(struct ike_writer *w, const struct ike_header *h);
/** ike_header_finish() - fill in the length */
void ike_header_finish(struct ike_writer *w);

/** ike_payloads_get() - parse a chain; false if malformed */
bool ike_payloads_get(uint8_t first, struct ike_chunk chain, struct ike_payloads *ps);
/** ike_payload_find() - the first of a type, NULL if there is none */
const struct ike_payload *ike_payload_find(const struct ike_payloads *ps, uint8_t type);
/** ike_payload_body() - body of the first of a type; data NULL if there is none */
struct ike_chunk ike_payload_body(const struct ike_payloads *ps, uint8_t type);
/** ike_notify_get() - view of a Notify payload; false if malformed */
bool ike_notify_get(const struct ike_payload *p, struct ike_notify_view *n);
/** ike_notify_find() - the first notification of a type */
bool ike_notify_find(const struct ike_payloads *ps, uint16_t type, struct ike_notify_view *n);
/** ike_notify_error() - the first notification that is an error */
bool ike_notify_error(const struct ike_payloads *ps, struct ike_notify_view *n);

/** ike_payload_begin() - append a payload header. Return: offset for ike_payload_end() */
size_t ike_payload_begin(struct ike_builder *b, uint8_t type);
/** ike_payload_end() - fill in the payload's length */
void ike_payload_end(struct ike_builder *b, size_t start);
/** ike_payload_put() - append a whole payload */
void ike_payload_put(struct ike_builder *b, uint8_t type, const void *body, size_t len);
/** ike_notify_put() - append a notification without SPI */
void ike_notify_put(struct ike_builder *b, uint16_t type, const void *data, size_t len);
/** ike_notify_put_spi() - append a notification about an ESP SA */
void ike_notify_put_spi(struct ike_builder *b, uint16_t type, uint32_t spi);
/** ike_ke_put() - append a KE payload */
void ike_ke_put(struct ike_builder *b, uint16_t group, const uint8_t *pub, size_t len);
/** ike_cert_put() - append a CERT or CERTREQ payload about X.509 certificates (section 3.6) */
void ike_cert_put(struct ike_builder *b, uint8_t type, struct ike_chunk data);
/** ike_certs_put() - append a CERT payload for each of a list, each behind its length */
void ike_certs_put(struct ike_builder *b, struct ike_chunk certs);
/** ike_certs_get() - X.509 certificates of CERT payloads as such a list, at most IKE_MAX_CERTS */
void ike_certs_get(const struct ike_payloads *ps, struct ike_writer *out);
/** ike_ke_get() - group and public value of a KE payload; false if malformed */
bool ike_ke_get(struct ike_chunk body, uint16_t *group, struct ike_chunk *pub);

/** ike_notify_name() - RFC name of a notification, "notification N" for others */
const char *ike_notify_name(uint16_t type, char *buf, size_t len);
/** ike_notify_reason() - the reason an error notification stands for */
enum ike_reason ike_notify_reason(uint16_t type);

#endif
