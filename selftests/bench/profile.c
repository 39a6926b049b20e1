// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU TCG plugin that counts the instructions executed at each kernel address between the two
 * marks of load.c. Nothing is sampled, and the machine notices nothing. For make bench-profile.
 *
 *	-plugin profile.so,out=PREFIX
 *
 * The Nth measurement is written to PREFIX.N: a line "ADDRESS INSTRUCTIONS" for each translation
 * block, whose instructions follow each other in memory, and one with address 0 for user space.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of QEMU's plugin interface, version 1, that is used here; there is no package for it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
		void *counter, uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, void *data), enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define BUCKETS		(1 << 16)
#define KERNEL		(1ULL << 63)	/* addresses of the kernel are above */

struct block {
	struct block *next;
	uint64_t address;
	uint64_t instructions;		/* executed, counted by translated code */
};

static struct block *blocks[BUCKETS];
static const char *prefix = "profile";
static unsigned int measurements;

static struct block *find(uint64_t address)
{
	struct block **bucket = &blocks[(address ^ address >> 16) % BUCKETS], *b;

	for (b = *bucket; b; b = b->next)
		if (b->address == address)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->address = address;
	b->next = *bucket;
	*bucket = b;
	return b;
}

static void begin(unsigned int cpu, void *data)
{
	struct block *b;
	size_t i;

	(void)cpu;
	(void)data;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			b->instructions = 0;
}

static void end(unsigned int cpu, void *data)
{
	struct block *b;
	char path[4096];
	FILE *file;
	size_t i;

	(void)cpu;
	(void)data;
	snprintf(path, sizeof(path), "%s.%u", prefix, measurements++);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->instructions)
				fprintf(file, "%" PRIx64 " %" PRIu64 "\n", b->address,
					b->instructions);
	fclose(file);
}

/* The marks of load.c: a NOP of eight octets whose displacement is a word. */
static bool is_mark(const struct qemu_plugin_insn *insn, const char *word)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x84, 0x00 };
	const uint8_t *code = qemu_plugin_insn_data(insn);

	return qemu_plugin_insn_size(insn) == 8 && !memcmp(code, nop, 4) && !memcmp(code + 4, word, 4);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct block *b = find(address & KERNEL ? address : 0);
	struct qemu_plugin_insn *insn;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->instructions, n);
	for (i = 0; b->address == 0 && i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is_mark(insn, "ipvB"))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS,
							       NULL);
		else if (is_mark(insn, "ipvE"))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_CB_NO_REGS,
							       NULL);
	}
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			prefix = strdup(argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
