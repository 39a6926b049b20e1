/* SPDX-License-Identifier: GPL-2.0 */
/* Proposals: coding SA payloads, choosing, checking the answer (RFC 7296 section 3.3). */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include "buf.h"
#include "ike.h"
#include "transform.h"

#define IKE_MAX_OFFERS	16	/* proposals of a received SA payload that are looked at */

/**
 * struct ike_offer - a proposal as received
 * @number: proposal number
 * @spi_len: octets in @spi
 * @spi: sender's SPI
 * @p: transforms we know
 */
struct ike_offer {
	uint8_t number;
	uint8_t spi_len;
	uint8_t spi[8];
	struct ike_proposal p;
};

/**
 * struct ike_offers - an SA payload as received
 */
struct ike_offers {
	uint8_t n;
	struct ike_offer o[IKE_MAX_OFFERS];
};

/**
 * enum ike_ke_rule - what becomes of key exchange groups in a choice
 * @IKE_KE_REQUIRED: IKE SAs
 * @IKE_KE_OPTIONAL: CREATE_CHILD_SA for ESP
 * @IKE_KE_IGNORED: IKE_AUTH
 */
enum ike_ke_rule {
	IKE_KE_REQUIRED,
	IKE_KE_OPTIONAL,
	IKE_KE_IGNORED,
};

/** ike_proposal_id() - the first transform of a type, -1 if there is none */
int ike_proposal_id(const struct ike_proposal *p, uint8_t type);
/** ike_proposal_alg() - table entry of the first transform of a type, NULL if none or NONE */
const struct ike_alg *ike_proposal_alg(const struct ike_proposal *p, uint8_t type);
/** ike_proposal_has() - whether a transform is among them */
bool ike_proposal_has(const struct ike_proposal *p, uint8_t type, uint16_t id);
/** ike_proposals_group() - the preferred group of a list, IKE_KE_NONE if it has none */
uint16_t ike_proposals_group(const struct ike_proposals *list);
/** ike_proposals_have_group() - whether any proposal of a list has that group */
bool ike_proposals_have_group(const struct ike_proposals *list, uint16_t group);

/** ike_proposals_keep_prf() - what of a list has that PRF and no other; all if nothing has */
void ike_proposals_keep_prf(const struct ike_proposals *list, uint16_t prf,
			    struct ike_proposals *out);

/**
 * ike_proposals_add_groups() - a list for ESP with the groups of a list for IKE
 * @first: the group that is preferred
 */
void ike_proposals_add_groups(const struct ike_proposals *list, uint16_t first,
			      const struct ike_proposals *ike, struct ike_proposals *out);

/**
 * ike_sa_payload_put() - body of an SA payload that offers a list
 * @spi_len: octets of SPI in each proposal
 * @rule: IKE_KE_IGNORED leaves groups out
 */
void ike_sa_payload_put(struct ike_writer *w, const struct ike_proposals *list, const uint8_t *spi,
			size_t spi_len, enum ike_ke_rule rule);
/** ike_sa_payload_answer() - body of an SA payload that answers with one choice */
void ike_sa_payload_answer(struct ike_writer *w, const struct ike_proposal *p, uint8_t number,
			   const uint8_t *spi, size_t spi_len);
/** ike_sa_payload_get() - parse the body of an SA payload; false if it is malformed */
bool ike_sa_payload_get(struct ike_chunk body, struct ike_offers *offers);

/**
 * ike_proposal_choose() - the responder's choice, in our order of preference
 * @own: configured list
 * @offers: what the peer offered
 * @rule: about groups
 * @group: group of the peer's KE payload, preferred if it will do
 * @chosen: one transform of each type
 *
 * Return: the offer chosen, NULL if there is nothing in common.
 */
const struct ike_offer *ike_proposal_choose(const struct ike_proposals *own,
					    const struct ike_offers *offers,
					    enum ike_ke_rule rule, uint16_t group,
					    struct ike_proposal *chosen);
/**
 * ike_proposal_check() - the initiator checks the answer against what it offered
 *
 * Return: the one proposal of the answer, NULL if it is not a choice out of @own.
 */
const struct ike_offer *ike_proposal_check(const struct ike_proposals *own,
					   const struct ike_offers *answer, enum ike_ke_rule rule);
/** ike_proposal_accepts() - whether a list would take this choice */
bool ike_proposal_accepts(const struct ike_proposals *own, const struct ike_proposal *choice);
/** ike_proposal_kernel_alg() - an ESP choice as the kernel's keyword, "aes128-sha256" */
void ike_proposal_kernel_alg(const struct ike_proposal *p, char *buf, size_t len);
/** ike_proposals_text() - a list as keywords, separated by commas */
void ike_proposals_text(const struct ike_proposals *list, char *buf, size_t len);
/** ike_offers_text() - received proposals as keywords */
void ike_offers_text(const struct ike_offers *offers, char *buf, size_t len);

#endif
