// SPDX-License-Identifier: GPL-2.0
/* Giving up privileges. */
#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox.h"

/* What an event loop over open descriptors, the allocator and the C library's exit need. */
static const int common_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(close),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(madvise),
	SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(read), SCMP_SYS(recvfrom),
	SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sendto), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill),
	SCMP_SYS(time), SCMP_SYS(timerfd_settime), SCMP_SYS(write), SCMP_SYS(writev),
};

static const int network_calls[] = { SCMP_SYS(recvmsg), SCMP_SYS(sendmsg) };

void sandbox_no_dump(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

bool sandbox_become(const char *user, char *err, size_t len)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw) {
		snprintf(err, len, "there is no user \"%s\"; create it or set user in the section ipvtid",
			 user);
		return false;
	}
	if (geteuid()) {
		/* Started without privileges: there is nothing to give up but the way back. */
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		return true;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_change_id(pw->pw_uid, pw->pw_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING)) {
		snprintf(err, len, "cannot become user \"%s\": %s", user, strerror(errno));
		return false;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		snprintf(err, len, "cannot set no_new_privs: %s", strerror(errno));
		return false;
	}
	return true;
}

static int allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < n && !ret; i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return ret;
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Say which it was and end; the parent starts the process again. */
static void on_forbidden_call(int sig, siginfo_t *info, void *context)
{
	char text[64] = "error ipvtid: forbidden system call      \n";
	size_t end = strlen(text) - 1;
	int n = info->si_syscall;

	(void)sig;
	(void)context;
	for (; n; n /= 10)
		text[--end] = '0' + n % 10;
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(126);
	_exit(125);
}

static int install_filter(enum sandbox_kind kind)
{
	const struct sigaction sa = { .sa_sigaction = on_forbidden_call, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int ret = -ENOMEM;

	if (!ctx || sigaction(SIGSYS, &sa, NULL) < 0)
		return ret;
	ret = allow(ctx, common_calls, N(common_calls));
	if (!ret && kind == SANDBOX_NETWORK)
		ret = allow(ctx, network_calls, N(network_calls));
	/* Memory may be had, but none that is executed. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!ret)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}

bool sandbox_enter(enum sandbox_kind kind, const char *user, char *err, size_t len)
{
	int ret;

	if (!sandbox_become(user, err, len))
		return false;
	/* The change of user undid both. */
	sandbox_no_dump();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (kind == SANDBOX_RESOLVER)
		return true;
	ret = install_filter(kind);
	if (ret < 0)
		snprintf(err, len, "cannot install the system call filter: %s", strerror(-ret));
	return !ret;
}
