/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null provider: claims nothing, refuses every node with a reason, and explains every slot of the ABI on the way.
 *
 * To write a provider, copy this folder, rename `null` everywhere, then go down this file: make `devices` tell about
 * your hardware, let `query` claim one operator, and write `compile` and `execute` for it. Run `tenon-conform` on your
 * manifest after each step; it names the rule that is broken. [R1]..[R17] are the rules of plugin-api/README.md.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/plugin.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* What the host lends us: memory, threads, logging. Set once by the entry, read by any thread afterwards. */
static const tenon_host* host;

/* A session of ours: what one application session needs. A real provider keeps its options and its device context here.
 */
struct tenon_provider_session {
  uint32_t device;
};

/* ---- Helpers -------------------------------------------------------------------------------------------------- */

/* Fills in the caller's status and returns the code, so that a failure is one line [R13]. */
static int32_t fail(tenon_status* status, int32_t code, const char* text) {
  size_t len = strlen(text);
  if (len > TENON_STATUS_TEXT - 1) len = TENON_STATUS_TEXT - 1;
  status->code = code;
  status->vendor_code = 0; /* your driver's code, when there is one */
  status->len = (uint32_t)len;
  memcpy(status->msg, text, len);
  status->msg[len] = '\0';
  return code;
}

/* Arrays of records carry their stride: a newer host's records are longer than ours [R1]. */
static const tenon_node* node_at(const tenon_graph* graph, uint32_t i) {
  return (const tenon_node*)(const void*)((const char*)graph->nodes + (size_t)i * graph->node_stride);
}

/* ---- Devices -------------------------------------------------------------------------------------------------- */

/* Entry 0 is always host memory; bit k of a claim's memory_mask means entry k. A device with memory of its own adds
 * entries without TENON_MEMORY_HOST and fills in the mem_* slots and copy. */
static const tenon_memory_kind memory_kinds[] = {
    {TEXT("host"), TENON_MEMORY_HOST, 0, 64, 0},
};

/* Called when the provider is opened and whenever somebody lists devices. No hardware: TENON_OK and *n = 0. A device
 * must answer here in milliseconds; what takes longer (a context, a compiler) belongs in session_create. */
static int32_t devices(void* self, tenon_device* out, uint32_t stride, uint32_t cap, uint32_t* n,
                       tenon_status* status) {
  (void)self;
  (void)status;
  *n = 1;
  if (cap == 0) return TENON_OK; /* the host asks how many there are */
  tenon_device device;
  memset(&device, 0, sizeof device);
  device.size = sizeof device;
  device.id = 0; /* its index */
  device.name = (tenon_string)TEXT("null");
  device.kind = TENON_DEVICE_OTHER;
  device.flags = TENON_DEVICE_SOFTWARE; /* never chosen unless somebody names it; a real device leaves this out */
  device.driver = (tenon_string)TEXT("none");
  device.nqueues = 1;
  device.nmemory_kinds = 1;
  device.memory_kinds = memory_kinds;
  device.memory_kind_stride = sizeof memory_kinds[0];
  /* An older host's record is shorter than ours: write no more than it has room for [R2]. */
  if (device.size > stride) device.size = stride;
  memcpy(out, &device, device.size);
  return TENON_OK;
}

/* ---- Sessions ------------------------------------------------------------------------------------------------- */

/* One for each application session that names this provider. desc->options holds every option of the schema with its
 * checked value. Keep desc->host_session if you read weights: it lives as long as our session. */
static int32_t session_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  (void)self;
  tenon_provider_session* session = calloc(1, sizeof *session);
  if (session == NULL) return fail(status, TENON_OUT_OF_MEMORY, "null: no memory for a session");
  session->device = desc->device;
  *out = session;
  return TENON_OK;
}

/* Called after every exec of the session is destroyed. */
static void session_destroy(tenon_provider_session* session) { free(session); }

/* ---- Query ---------------------------------------------------------------------------------------------------- */

/* The host shows a graph; the answer is claims and, for each node in no claim, a refusal [R6]. To claim node i alone:
 *
 *   tenon_claim claim = {0};
 *   claim.size = sizeof claim;
 *   claim.device = session->device;
 *   claim.id = i;                                     comes back in compile's region
 *   claim.nodes = &node->id; claim.nnodes = 1;        several ids: one fused region
 *   claim.rules: only for values that may be strided, aligned, in device memory or in a layout of your own
 *   host->claim(sink, &claim);
 *
 * Look at node->domain, op and form (never at an opset [R17]), at the dtypes and ranks of its values, at attributes by
 * name. Claim only what execute does right for every input of that dtype and rank. The same graph must get the same
 * claims each time: no clocks, no free memory, no counters. */
static int32_t query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                     tenon_status* status) {
  (void)session;
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    const tenon_node* node = node_at(graph, i);
    char text[160];
    /* Say what is missing as precisely as you can; users read this sentence. TENON_REFUSE_DTYPE, _RANK, _ATTR, ...
     * name the value it is about in `value`. */
    int len = snprintf(text, sizeof text, "the null provider computes nothing, so no %.*s",
                       (int)(node->op.len < 80 ? node->op.len : 80), node->op.data);
    tenon_refusal refusal;
    memset(&refusal, 0, sizeof refusal);
    refusal.size = sizeof refusal;
    refusal.node = node->id;
    refusal.reason = TENON_REFUSE_OP;
    refusal.value = TENON_NO_ID;
    refusal.text.data = text;
    refusal.text.len = (uint64_t)len;
    int32_t code = host->refuse(sink, &refusal); /* copies the record and the text */
    if (code != TENON_OK) return fail(status, code, "null: the host did not take a refusal");
  }
  return TENON_OK;
}

/* ---- Compile and execute -------------------------------------------------------------------------------------- */

/* Called for each claim that the host chose, with dtypes and layouts decided. A real provider reads attributes and
 * weights here (host->weight_get), chooses kernels, asks for packed weights in info->packs, states workspace_bytes, and
 * returns its object. TENON_DECLINED takes a claim back: the host plans without it [R7]. */
static int32_t compile(tenon_provider_session* session, const tenon_region* region, tenon_task* task, tenon_exec** out,
                       tenon_exec_info* info, tenon_status* status) {
  (void)session;
  (void)region;
  (void)task;
  (void)out;
  (void)info;
  return fail(status, TENON_DECLINED, "null: compile was called though nothing was claimed");
}

/* Computes a region. May be called by several threads at once for one exec: write to the run's outputs and workspace
 * only. Cut work with host->parallel_for, into a number of parts that depends on shapes and never on the number of
 * threads, so that the bits are the same everywhere [R12]. */
static int32_t execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  (void)exec;
  (void)prepared;
  (void)run;
  return fail(status, TENON_INTERNAL, "null: execute was called though nothing was compiled");
}

/* Frees what compile made. */
static void exec_destroy(tenon_exec* exec) { (void)exec; }

/* ---- The table ------------------------------------------------------------------------------------------------ */

static const tenon_provider_info info = {
    .size = sizeof info,
    .id = TEXT("null"),       /* as in the manifest */
    .version = TEXT("0.1.0"), /* as in the manifest */
    .generation = TENON_ABI_GENERATION,
    .min_minor = 0,
    .max_minor = TENON_ABI_MINOR,
    .features = 0, /* TENON_FEATURE_ASYNC, TENON_FEATURE_OWN_THREADS */
    .build = TEXT("C11"),
};

static const tenon_provider table = {
    .size = sizeof table,
    .self = NULL, /* comes back as the first argument; for state of yours */
    .info = &info,

    .devices = devices,
    /* Options that describe themselves: name, type, default, range, one sentence. The host checks values [R14]. */
    .options = NULL,
    /* Operators of your own domain, and their shapes: both or none [R15]. */
    .schemas = NULL,
    .infer = NULL,

    .session_create = session_create,
    .session_destroy = session_destroy,
    .query = query,
    .compile = compile,
    /* Weights rearranged once and shared by all sessions of the process: both or none [R11]. */
    .prepack = NULL,
    .bind_packed = NULL,
    /* Work that depends on input shapes (kernel choice, workspace size), done once for a set of shapes: both or
     * none [R8]. */
    .prepare = NULL,
    .prepared_destroy = NULL,
    .execute = execute,
    .exec_destroy = exec_destroy,

    /* Memory that the host cannot make; needed when a memory kind lacks TENON_MEMORY_HOST. */
    .mem_alloc = NULL,
    .mem_free = NULL,
    .mem_map = NULL,
    .mem_unmap = NULL,
    /* Sizes of tensors in layouts of your own; conversion is copy's work [R9]. */
    .layout_bytes = NULL,
    .copy = NULL,
    .copy_cost = NULL,
    /* Timelines, for work that is not complete when execute returns; required with TENON_FEATURE_ASYNC [R10]. */
    .sync_create = NULL,
    .sync_wait = NULL,
    .sync_signal = NULL,
    .sync_destroy = NULL,
    /* Extensions, found by name. */
    .get_extension = NULL,
};

/* The one exported function: called once a process. Check the range first; nothing else of `offered` may be touched
 * when it does not fit [R2]. */
TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* offered, const tenon_host_range* range,
                                             const tenon_provider** out, tenon_status* status) {
  if (range->generation != info.generation || range->max_minor < info.min_minor || range->min_minor > info.max_minor) {
    char text[200];
    snprintf(text, sizeof text, "null: the host speaks ABI %u.%u to %u.%u, this provider %u.%u to %u.%u",
             range->generation, range->min_minor, range->generation, range->max_minor, info.generation, info.min_minor,
             info.generation, info.max_minor);
    return fail(status, TENON_VERSION, text);
  }
  /* The last host function that this provider calls must lie inside of the host's table. */
  if (offered->size < offsetof(tenon_host, refuse) + sizeof offered->refuse) {
    return fail(status, TENON_VERSION, "null: the host's table has no `refuse`");
  }
  host = offered;
  *out = &table;
  return TENON_OK;
}
