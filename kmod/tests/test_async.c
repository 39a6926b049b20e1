// SPDX-License-Identifier: GPL-2.0
/*
 * For tests only: an engine for rfc4106(gcm(aes)) that is preferred to all others and completes
 * requests later, from several CPUs and in random order, a few at once, and that keeps what it has
 * no room for in a backlog.
 */

#include <crypto/internal/aead.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/workqueue.h>

#define ALGORITHM	"rfc4106(gcm(aes))"
#define WORKERS		4
#define AT_ONCE		8	/* one in so many */

struct engine_ctx {
	struct crypto_aead *software;
};

struct job {
	struct list_head node;
	struct aead_request *req;
	bool encrypt;
	struct aead_request sub;	/* followed by its driver's context */
};

static unsigned int room = 64;
module_param(room, uint, 0644);
MODULE_PARM_DESC(room, "requests that it works on at a time");

static unsigned int running, backlogged, completed, at_once;
module_param(running, uint, 0444);
MODULE_PARM_DESC(running, "requests that it works on, or has in the backlog");
module_param(backlogged, uint, 0444);
MODULE_PARM_DESC(backlogged, "requests that had to wait in the backlog, so far");
module_param(completed, uint, 0444);
MODULE_PARM_DESC(completed, "requests that were completed later, so far");
module_param(at_once, uint, 0444);
MODULE_PARM_DESC(at_once, "requests that were completed at once, so far");

static bool held;
static DEFINE_SPINLOCK(lock);		/* the lists and all counters */
static LIST_HEAD(jobs);
static LIST_HEAD(backlog);
static unsigned int job_count;		/* of jobs */
static struct workqueue_struct *wq;
static struct delayed_work workers[WORKERS];

static void start(struct delayed_work *worker)
{
	queue_delayed_work(wq, worker, get_random_u32() % 2);
}

static void start_all(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		start(&workers[i]);
}

static int set_held(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err && wq)
		start_all();
	return err;
}

static const struct kernel_param_ops held_ops = {
	.set = set_held,
	.get = param_get_bool,
};
module_param_cb(held, &held_ops, &held, 0644);
MODULE_PARM_DESC(held, "complete nothing");

static int run(struct job *job)
{
	return job->encrypt ? crypto_aead_encrypt(&job->sub) : crypto_aead_decrypt(&job->sub);
}

static void complete_job(struct job *job, int err)
{
	local_bh_disable();
	aead_request_complete(job->req, err);
	local_bh_enable();
}

/* Any one of those it works on; and the first of the backlog, for whom there is room now. */
static struct job *take(struct job **promoted)
{
	unsigned int n;
	struct job *job;

	*promoted = NULL;
	if (!job_count)
		return NULL;
	n = get_random_u32() % job_count;
	list_for_each_entry(job, &jobs, node)
		if (!n--)
			break;
	list_del(&job->node);
	job_count--;
	running--;
	completed++;
	*promoted = list_first_entry_or_null(&backlog, struct job, node);
	if (*promoted)
		list_del(&(*promoted)->node);
	return job;
}

static void promote(struct job *job)
{
	complete_job(job, -EINPROGRESS);
	spin_lock_bh(&lock);
	list_add_tail(&job->node, &jobs);
	job_count++;
	spin_unlock_bh(&lock);
}

static void work(struct work_struct *work)
{
	unsigned int n = 1 + get_random_u32() % 32;
	struct job *job, *promoted;
	bool more;

	while (n-- && !READ_ONCE(held)) {
		spin_lock_bh(&lock);
		job = take(&promoted);
		spin_unlock_bh(&lock);
		if (promoted)
			promote(promoted);
		if (!job)
			break;
		complete_job(job, run(job));
	}
	spin_lock_bh(&lock);
	more = running;
	spin_unlock_bh(&lock);
	if (more && !READ_ONCE(held))
		start(to_delayed_work(work));
}

static int submit(struct aead_request *req, bool encrypt)
{
	struct engine_ctx *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));
	struct job *job = aead_request_ctx(req);
	int err = -EINPROGRESS;

	job->req = req;
	job->encrypt = encrypt;
	aead_request_set_tfm(&job->sub, ctx->software);
	aead_request_set_callback(&job->sub, 0, NULL, NULL);
	aead_request_set_crypt(&job->sub, req->src, req->dst, req->cryptlen, req->iv);
	aead_request_set_ad(&job->sub, req->assoclen);

	spin_lock_bh(&lock);
	if (!READ_ONCE(held) && !(get_random_u32() % AT_ONCE)) {
		at_once++;
		spin_unlock_bh(&lock);
		return run(job);
	}
	if (job_count < room) {
		list_add_tail(&job->node, &jobs);
		job_count++;
		running++;
	} else if (req->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG) {
		list_add_tail(&job->node, &backlog);
		running++;
		backlogged++;
		err = -EBUSY;
	} else {
		err = -ENOSPC;
	}
	spin_unlock_bh(&lock);
	start_all();
	return err;
}

static int engine_encrypt(struct aead_request *req)
{
	return submit(req, true);
}

static int engine_decrypt(struct aead_request *req)
{
	return submit(req, false);
}

static int engine_init(struct crypto_aead *tfm)
{
	struct engine_ctx *ctx = crypto_aead_ctx(tfm);

	/* A synchronous one; the second flag keeps this one out. */
	ctx->software = crypto_alloc_aead(ALGORITHM, 0,
					  CRYPTO_ALG_ASYNC | CRYPTO_ALG_NEED_FALLBACK);
	if (IS_ERR(ctx->software))
		return PTR_ERR(ctx->software);
	crypto_aead_set_reqsize(tfm, sizeof(struct job) + crypto_aead_reqsize(ctx->software));
	return 0;
}

static void engine_exit(struct crypto_aead *tfm)
{
	struct engine_ctx *ctx = crypto_aead_ctx(tfm);

	crypto_free_aead(ctx->software);
}

static int engine_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int len)
{
	struct engine_ctx *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setkey(ctx->software, key, len);
}

static int engine_setauthsize(struct crypto_aead *tfm, unsigned int len)
{
	struct engine_ctx *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setauthsize(ctx->software, len);
}

static struct aead_alg engine = {
	.setkey = engine_setkey,
	.setauthsize = engine_setauthsize,
	.encrypt = engine_encrypt,
	.decrypt = engine_decrypt,
	.init = engine_init,
	.exit = engine_exit,
	.ivsize = 8,
	.maxauthsize = 16,
	.base = {
		.cra_name = ALGORITHM,
		.cra_driver_name = "ipvti-test-async",
		.cra_priority = 9000,
		.cra_flags = CRYPTO_ALG_ASYNC | CRYPTO_ALG_NEED_FALLBACK,
		.cra_blocksize = 1,
		.cra_ctxsize = sizeof(struct engine_ctx),
		.cra_module = THIS_MODULE,
	},
};

static int __init test_async_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < WORKERS; i++)
		INIT_DELAYED_WORK(&workers[i], work);
	wq = alloc_workqueue("ipvti_test_async", WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
	err = crypto_register_aead(&engine);
	if (err)
		destroy_workqueue(wq);
	return err;
}

static void __exit test_async_exit(void)
{
	unsigned int i;

	crypto_unregister_aead(&engine);
	for (i = 0; i < WORKERS; i++)
		cancel_delayed_work_sync(&workers[i]);
	destroy_workqueue(wq);
}

module_init(test_async_init);
module_exit(test_async_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of ipvti: crypto that completes later, in any order");
