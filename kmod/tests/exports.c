// SPDX-License-Identifier: GPL-2.0
/* What ipvti_test.ko calls of ipvti.ko; built only for unit tests. */

#include <linux/module.h>

#include "../ipvti.h"

EXPORT_SYMBOL_GPL(ipvti_alg_at);
EXPORT_SYMBOL_GPL(ipvti_alg_crypto_name);
EXPORT_SYMBOL_GPL(ipvti_alg_find);
EXPORT_SYMBOL_GPL(ipvti_batch_init);
EXPORT_SYMBOL_GPL(ipvti_crypto_free_sa);
EXPORT_SYMBOL_GPL(ipvti_crypto_init_sa);
EXPORT_SYMBOL_GPL(ipvti_crypto_iv);
EXPORT_SYMBOL_GPL(ipvti_crypto_open);
EXPORT_SYMBOL_GPL(ipvti_crypto_owned);
EXPORT_SYMBOL_GPL(ipvti_crypto_seal);
EXPORT_SYMBOL_GPL(ipvti_driver_encr);
EXPORT_SYMBOL_GPL(ipvti_driver_integ);
EXPORT_SYMBOL_GPL(ipvti_drivers_probe);
EXPORT_SYMBOL_GPL(ipvti_esp_inner_max);
EXPORT_SYMBOL_GPL(ipvti_esp_len);
EXPORT_SYMBOL_GPL(ipvti_esp_len_valid);
EXPORT_SYMBOL_GPL(ipvti_esp_pad_len);
EXPORT_SYMBOL_GPL(ipvti_esp_read_trailer);
EXPORT_SYMBOL_GPL(ipvti_op_alloc);
EXPORT_SYMBOL_GPL(ipvti_op_free);
EXPORT_SYMBOL_GPL(ipvti_replay_check);
EXPORT_SYMBOL_GPL(ipvti_replay_init);
EXPORT_SYMBOL_GPL(ipvti_replay_number);
EXPORT_SYMBOL_GPL(ipvti_replay_update);
EXPORT_SYMBOL_GPL(ipvti_replay_words);
EXPORT_SYMBOL_GPL(ipvti_segment);
EXPORT_SYMBOL_GPL(ipvti_send_prepare);
