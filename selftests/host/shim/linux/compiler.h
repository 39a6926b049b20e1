/* SPDX-License-Identifier: GPL-2.0 */
/* What the pure layers of the module take of the kernel, for the host. */
#ifndef _SHIM_LINUX_COMPILER_H
#define _SHIM_LINUX_COMPILER_H

#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, value)	((x) = (value))

#endif /* _SHIM_LINUX_COMPILER_H */
