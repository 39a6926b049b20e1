/* SPDX-License-Identifier: GPL-2.0 */
/* What the pure layers of the module take of the kernel, for the host. */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#endif /* _SHIM_LINUX_TYPES_H */
