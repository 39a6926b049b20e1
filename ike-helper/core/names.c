// SPDX-License-Identifier: GPL-2.0
/* Words for enumerations. */
#include "ike.h"

static const char *const steps[IKE_N_STEPS] = {
	[IKE_STEP_RESOLVE] = "address lookup",
	[IKE_STEP_SA_INIT] = "IKE_SA_INIT",
	[IKE_STEP_AUTH] = "IKE_AUTH",
	[IKE_STEP_CREATE_CHILD] = "CREATE_CHILD_SA",
	[IKE_STEP_REKEY_CHILD] = "CREATE_CHILD_SA (Child rekey)",
	[IKE_STEP_REKEY_IKE] = "CREATE_CHILD_SA (IKE rekey)",
	[IKE_STEP_INFORMATIONAL] = "INFORMATIONAL",
	[IKE_STEP_INSTALL] = "SA installation",
};

static const struct {
	const char *name;
	const char *text;
} reasons[IKE_N_REASONS] = {
	[IKE_REASON_NONE] = { "none", "no failure" },
	[IKE_REASON_NO_ADDRESS] = { "no-address", "the peer's name has no address or there is no route to it" },
	[IKE_REASON_TIMEOUT] = { "timeout", "the peer does not answer" },
	[IKE_REASON_NO_PROPOSAL_CHOSEN] = { "no-proposal-chosen", "no common algorithms" },
	[IKE_REASON_INVALID_KE] = { "invalid-ke-payload", "no common key exchange group" },
	[IKE_REASON_INVALID_SYNTAX] = { "invalid-syntax", "a malformed message" },
	[IKE_REASON_VERSION] = { "invalid-major-version", "the peer does not speak IKEv2" },
	[IKE_REASON_NO_CONFIG] = { "no-config", "no tunnel is configured for this peer" },
	[IKE_REASON_WRONG_ID] = { "wrong-id", "the peer's identity is not the configured one" },
	[IKE_REASON_NO_SECRET] = { "no-secret", "no secret for this peer" },
	[IKE_REASON_AUTH_FAILED] = { "auth-failed", "the peer's proof of its identity is wrong" },
	[IKE_REASON_AUTH_REFUSED] = { "auth-refused", "the peer refused our identity or our proof" },
	[IKE_REASON_AUTH_METHOD] = { "auth-method", "the peer authenticates in another way" },
	[IKE_REASON_CERTIFICATE] = { "certificate", "the peer's certificate is not accepted" },
	[IKE_REASON_TS_UNACCEPTABLE] = { "ts-unacceptable", "no common traffic selectors" },
	[IKE_REASON_NO_ADDITIONAL_SAS] = { "no-additional-sas", "the peer takes no further Child SA" },
	[IKE_REASON_ADDRESS_CONFIG] = { "address-config", "a virtual address was asked for and not given" },
	[IKE_REASON_CRITICAL_PAYLOAD] = { "unsupported-critical-payload", "a critical payload one side does not know" },
	[IKE_REASON_KERNEL] = { "kernel", "the kernel refused the SA" },
	[IKE_REASON_CRYPTO] = { "crypto", "the key exchange failed" },
	[IKE_REASON_PEER_ERROR] = { "peer-error", "the peer reported an error" },
	[IKE_REASON_DELETED_BY_PEER] = { "deleted-by-peer", "the peer deleted it" },
	[IKE_REASON_DELETED_HERE] = { "deleted-here", "deleted here" },
	[IKE_REASON_PEER_RESTARTED] = { "peer-restarted", "the peer started afresh" },
	[IKE_REASON_REPLACED] = { "replaced", "replaced by a newer SA" },
	[IKE_REASON_EXPIRED] = { "expired", "its lifetime ran out" },
	[IKE_REASON_TOO_MANY] = { "too-many", "no room for another client" },
	[IKE_REASON_PPK_UNUSED] = { "ppk-unused", "the peer does not use a post-quantum key (PPK)" },
	[IKE_REASON_PPK_UNKNOWN] = { "ppk-unknown", "the peer uses a post-quantum key (PPK) that is unknown here" },
	[IKE_REASON_PPK_MISSING] = { "ppk-missing", "our post-quantum key (PPK) cannot be had" },
};

static const char *const states[IKE_N_SA_STATES] = {
	[IKE_SA_NONE] = "none",
	[IKE_SA_CONNECTING] = "connecting",
	[IKE_SA_ESTABLISHED] = "established",
	[IKE_SA_REKEYED] = "rekeyed",
	[IKE_SA_DELETING] = "deleting",
};

static const char *const aspects[IKE_N_ASPECTS] = {
	[IKE_ASPECT_ENCRYPTION] = "encryption",
	[IKE_ASPECT_INTEGRITY] = "integrity",
	[IKE_ASPECT_PRF] = "prf",
	[IKE_ASPECT_KEY_EXCHANGE] = "key-exchange",
	[IKE_ASPECT_ESN] = "esn",
	[IKE_ASPECT_AUTH] = "authentication",
	[IKE_ASPECT_PEER_ID] = "peer-identity",
	[IKE_ASPECT_OWN_ID] = "own-identity",
	[IKE_ASPECT_PEER_TS] = "peer-selectors",
	[IKE_ASPECT_OWN_TS] = "own-selectors",
	[IKE_ASPECT_ADDRESS] = "virtual-addresses",
	[IKE_ASPECT_PPK] = "ppk",
};

const char *ike_step_name(enum ike_step step)
{
	return step < IKE_N_STEPS ? steps[step] : "?";
}

const char *ike_reason_name(enum ike_reason reason)
{
	return reason < IKE_N_REASONS ? reasons[reason].name : "?";
}

const char *ike_reason_text(enum ike_reason reason)
{
	return reason < IKE_N_REASONS ? reasons[reason].text : "?";
}

const char *ike_sa_state_name(enum ike_sa_state state)
{
	return state < IKE_N_SA_STATES ? states[state] : "?";
}

const char *ike_aspect_name(enum ike_aspect aspect)
{
	return aspect < IKE_N_ASPECTS ? aspects[aspect] : "?";
}
