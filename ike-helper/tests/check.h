/* SPDX-License-Identifier: GPL-2.0 */
/* cmocka with what it wants included before it. */
#ifndef IKE_TESTS_CHECK_H
#define IKE_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
