// SPDX-License-Identifier: GPL-2.0
/*
 * Post-quantum preshared keys (RFC 8784): a secret that both sides have is mixed into SK_d, SK_pi and
 * SK_pr, so that who breaks the key exchange one day still lacks the keys of what was recorded. The
 * key process does the mixing.
 */
#include <ctype.h>
#include <string.h>

#include "state.h"

/* Of PPK_IDENTITY (section 3). What an opaque one means is up to the two sides: here, the same. */
enum {
	ID_OPAQUE = 1,
	ID_FIXED = 2,
};

static bool has_ppk(const struct ike_tunnel *t)
{
	return t->cfg.ppk_id_len;
}

bool ike_ppk_offered(struct ike_core *c, const struct ike_sa *sa)
{
	struct ike_tunnel *t = NULL;

	if (sa->tunnel)
		return has_ppk(sa->tunnel);
	/* Who the peer is, and so whether it is to have one, is not known yet. */
	while ((t = ike_tunnel_for_peer(c, t, &sa->local, &sa->remote)))
		if (has_ppk(t))
			return true;
	return false;
}

void ike_ppk_ask(struct ike_core *c, struct ike_sa *sa)
{
	struct ike_action *a = ike_act(c, IKE_ACT_MIX_PPK, sa->tunnel->cfg.tunnel);

	sa->auth.mix_token = ike_new_token(c);
	a->token = sa->auth.mix_token;
	a->u.mix.prf = ike_proposal_id(&sa->proposal, IKE_TRANSFORM_PRF);
	memcpy(a->u.mix.keys.d, sa->keys.d, sizeof(sa->keys.d));
	memcpy(a->u.mix.keys.pi, sa->keys.pi, sizeof(sa->keys.pi));
	memcpy(a->u.mix.keys.pr, sa->keys.pr, sizeof(sa->keys.pr));
}

static void set_keys(struct ike_sa *sa, const struct ike_ppk_keys *from)
{
	memcpy(sa->keys.d, from->d, sizeof(sa->keys.d));
	memcpy(sa->keys.pi, from->pi, sizeof(sa->keys.pi));
	memcpy(sa->keys.pr, from->pr, sizeof(sa->keys.pr));
}

void ike_ppk_take(struct ike_sa *sa, const struct ike_ppk_keys *mixed)
{
	struct ike_ppk_keys *before = &sa->auth.unmixed;

	memcpy(before->d, sa->keys.d, sizeof(before->d));
	memcpy(before->pi, sa->keys.pi, sizeof(before->pi));
	memcpy(before->pr, sa->keys.pr, sizeof(before->pr));
	set_keys(sa, mixed);
	sa->ppk = true;
}

/* ---- explanations ---- */

static void name_text(const uint8_t *id, size_t len, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size; i++)
		buf[i] = isprint(id[i]) ? id[i] : '?';
	buf[i] = 0;
	if (!len)
		snprintf(buf, size, "none");
}

void ike_ppk_contrast(struct ike_action *a, const struct ike_tunnel *t, struct ike_chunk theirs)
{
	struct ike_contrast *row = ike_contrast(a, IKE_ASPECT_PPK);
	size_t type = theirs.len ? 1 : 0;

	name_text(t->cfg.ppk_id, t->cfg.ppk_id_len, row->ours, sizeof(row->ours));
	if (!theirs.data)
		return;
	name_text(theirs.data + type, theirs.len - type, row->theirs, sizeof(row->theirs));
	row->differs = true;
}

static void explain(struct ike_core *c, const struct ike_sa *sa, enum ike_reason reason,
		    struct ike_chunk theirs, const char *detail)
{
	struct ike_action *a = ike_explain_sa(c, sa, IKE_STEP_AUTH, reason, false);

	if (reason == IKE_REASON_PPK_UNKNOWN)
		ike_ppk_contrast(a, sa->tunnel, theirs);
	snprintf(a->u.explain.detail, IKE_MAX_TEXT, "%s", detail);
}

/* ---- initiator ---- */

void ike_ppk_put(struct ike_builder *b, const struct ike_sa *sa)
{
	const struct ike_peer_config *cfg = &sa->tunnel->cfg;
	uint8_t id[1 + IKE_MAX_PPK_ID] = { ID_FIXED };

	if (!sa->ppk)
		return;
	memcpy(id + 1, cfg->ppk_id, cfg->ppk_id_len);
	ike_notify_put(b, IKE_NOTIFY_PPK_IDENTITY, id, 1 + cfg->ppk_id_len);
	if (sa->auth.bare.len)
		ike_notify_put(b, IKE_NOTIFY_NO_PPK_AUTH, sa->auth.bare.data, sa->auth.bare.len);
}

bool ike_ppk_response(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	struct ike_notify_view n;

	if (!sa->ppk || ike_notify_find(ps, IKE_NOTIFY_PPK_IDENTITY, &n))
		return true;
	if (sa->tunnel->cfg.ppk_required) {
		explain(c, sa, IKE_REASON_PPK_UNUSED, (struct ike_chunk){ NULL, 0 },
			"it is required here");
		return false;
	}
	ike_log(c, sa->tunnel, IKE_LOG_NOTICE, "the peer does not use our PPK: we go on without");
	set_keys(sa, &sa->auth.unmixed);
	sa->ppk = false;
	return true;
}

/* ---- responder ---- */

static bool is_ours(const struct ike_peer_config *cfg, struct ike_chunk id)
{
	return cfg->ppk_id_len && id.len == 1U + cfg->ppk_id_len &&
	       (id.data[0] == ID_OPAQUE || id.data[0] == ID_FIXED) &&
	       !memcmp(id.data + 1, cfg->ppk_id, cfg->ppk_id_len);
}

bool ike_ppk_request(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps)
{
	const struct ike_peer_config *cfg = &sa->tunnel->cfg;
	struct ike_chunk none = { NULL, 0 };
	struct ike_notify_view id;
	struct ike_notify_view bare;
	bool named = sa->auth.use_ppk && ike_notify_find(ps, IKE_NOTIFY_PPK_IDENTITY, &id);

	if (named && is_ours(cfg, id.data)) {
		ike_ppk_ask(c, sa);
		return true;
	}
	if (!named && cfg->ppk_required) {
		explain(c, sa, IKE_REASON_PPK_UNUSED, none, "it is required here");
		return false;
	}
	if (!named)
		return true;
	sa->auth.bare_proof = ike_notify_find(ps, IKE_NOTIFY_NO_PPK_AUTH, &bare) && bare.data.len;
	if (sa->auth.bare_proof && !cfg->ppk_required) {
		ike_log(c, sa->tunnel, IKE_LOG_NOTICE,
			"the peer's PPK is unknown here: we go on without");
		return true;
	}
	explain(c, sa, IKE_REASON_PPK_UNKNOWN, id.data,
		cfg->ppk_required ? "it is required here" : "the peer insists on it");
	return false;
}
