/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Tenon provider ABI, draft generation 0, minor 0: the one header an execution provider needs.
 *
 * A provider is a shared library that exports `tenon_provider_entry_v0` and lies beside a manifest (see
 * plugin-api/README.md, which also holds the numbered rules cited here as [R1]..[R17]). The host reads the manifest,
 * loads the library, calls the entry once a process, and from then on only the functions of the returned table.
 *
 * Marks on functions:  T:any     may be called by any thread at any time, also at once
 *                      T:one     the host calls it from one thread at a time for the same object
 *                      NULL ok   the function pointer may be NULL: "not supported"; unmarked ones are required
 *                      since m.n first minor that has it (all here: 0.0)
 * Unless said otherwise a pointer argument is never NULL, is borrowed for the call, and an int32_t result is a code of
 * types.h with the tenon_status filled in when it is not TENON_OK.
 */
#ifndef TENON_PLUGIN_H_
#define TENON_PLUGIN_H_

#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_GENERATION 0
#define TENON_ABI_MINOR 0
#define TENON_ABI_ENTRY "tenon_provider_entry_v0"
/* The opset whose forms agreed minor 0 shows [R17]. */
#define TENON_ABI_OPSET 28

#define TENON_NO_ID UINT32_MAX        /* an absent optional input or output; "no constant" */
#define TENON_UNKNOWN_RANK UINT32_MAX /* rank of a value whose rank is not known */
#define TENON_UNKNOWN_DIM (-1)        /* a dim whose size is not known yet */

/* Objects of the host: */
typedef struct tenon_host_session tenon_host_session; /* one session's side of weights */
typedef struct tenon_sink tenon_sink;                 /* takes claims and refusals during one query */
typedef struct tenon_task tenon_task;                 /* thread limit, cancellation and deadline of one call [R12] */
typedef struct tenon_run_handle tenon_run_handle;     /* one execute under way, for alloc_output */
/* Objects of the provider: */
typedef struct tenon_provider_session tenon_provider_session;
typedef struct tenon_exec tenon_exec;         /* a compiled region */
typedef struct tenon_prepared tenon_prepared; /* immutable: an exec for one set of input shapes */
typedef struct tenon_sync tenon_sync;         /* a timeline: a 64-bit value that only grows, or is poisoned [R10] */

/* ---- Negotiation ---------------------------------------------------------------------------------------------- */

typedef struct tenon_host_range {
  uint32_t size;
  uint32_t reserved;
  uint32_t generation;
  uint32_t min_minor;
  uint32_t max_minor;
  uint32_t reserved2;
  uint64_t features; /* TENON_HOST_FEATURE_* bits */
} tenon_host_range;

/* Feature bits of a provider. */
#define TENON_FEATURE_ASYNC 1u       /* execute and copy may return before the work is complete [R10] */
#define TENON_FEATURE_OWN_THREADS 2u /* makes threads of its own [R12] */

typedef struct tenon_provider_info {
  uint32_t size;
  uint32_t reserved;
  tenon_string id;      /* equals the manifest's; [a-z0-9._-]+ */
  tenon_string version; /* equals the manifest's; "1.2.3" */
  uint32_t generation;
  uint32_t min_minor;
  uint32_t max_minor;
  uint32_t reserved2;
  uint64_t features;
  tenon_string build; /* free text: compiler, ISA, revision */
} tenon_provider_info;

/* ---- Devices and options -------------------------------------------------------------------------------------- */

#define TENON_DEVICE_CPU 1u
#define TENON_DEVICE_GPU 2u
#define TENON_DEVICE_NPU 3u
#define TENON_DEVICE_OTHER 4u

#define TENON_DEVICE_SOFTWARE 1u /* an emulation: never chosen unless named */
#define TENON_DEVICE_ASYNC 2u

#define TENON_MEMORY_HOST 1u          /* host address valid at all times */
#define TENON_MEMORY_HOST_MAPPABLE 2u /* mem_map works */
typedef struct tenon_memory_kind {
  tenon_string name;
  uint32_t flags;
  uint32_t reserved;
  uint64_t alignment; /* bytes, a power of two; what tensors in it must be aligned to */
  uint64_t max_bytes; /* largest single allocation; 0: not known */
} tenon_memory_kind;

typedef struct tenon_device {
  uint32_t size;
  uint32_t id; /* its index in `devices` */
  tenon_string name;
  uint32_t kind;  /* TENON_DEVICE_CPU ... */
  uint32_t flags; /* TENON_DEVICE_SOFTWARE ... */
  uint8_t uuid[16];
  tenon_string driver;                   /* name and version, free text */
  uint64_t bytes;                        /* of memory; 0: not known */
  uint64_t max_allocation;               /* bytes; 0: not known */
  uint64_t import_kinds;                 /* bit k: can wait for other providers' points of kind k [R10] */
  uint32_t nqueues;                      /* queues that run.queue and copy.queue may name; at least 1 */
  uint32_t nmemory_kinds;                /* at least 1, at most 32 */
  const tenon_memory_kind* memory_kinds; /* entry 0 is host memory; entry k is bit k of a mask */
  uint32_t memory_kind_stride;
  uint32_t reserved;
} tenon_device;

/* Options describe themselves [R14]. Values travel as text; the host checks them before the provider sees them. */
#define TENON_OPTION_STRING 0u
#define TENON_OPTION_INT 1u
#define TENON_OPTION_FLOAT 2u
#define TENON_OPTION_BOOL 3u   /* "true" or "false" */
#define TENON_OPTION_CHOICE 4u /* one of `choices` */
#define TENON_OPTION_AFFECTS_CACHE 1u
typedef struct tenon_option_desc {
  tenon_string name;
  uint32_t type;
  uint32_t flags;
  tenon_string default_value;
  double min, max; /* INT and FLOAT */
  const tenon_string* choices;
  uint32_t nchoices;
  uint32_t reserved;
  tenon_string text; /* one sentence */
} tenon_option_desc;

typedef struct tenon_option {
  tenon_string name;
  tenon_string value;
} tenon_option;

/* ---- The graph, as plain data [R6] ---------------------------------------------------------------------------- */

/* Attribute types: ONNX's AttributeProto.AttributeType, same numbers. Graph attributes never cross. */
#define TENON_ATTR_FLOAT 1u
#define TENON_ATTR_INT 2u
#define TENON_ATTR_STRING 3u
#define TENON_ATTR_TENSOR 4u
#define TENON_ATTR_FLOATS 6u
#define TENON_ATTR_INTS 7u
#define TENON_ATTR_STRINGS 8u
typedef struct tenon_attribute {
  tenon_string name;
  uint32_t type;
  uint32_t count; /* of ints, floats or strings; 1 otherwise */
  int64_t i;
  double f; /* a FLOAT of the model, widened */
  tenon_string s;
  const int64_t* ints;
  const float* floats;
  const tenon_string* strings;
  const tenon_tensor* tensor; /* host memory, dense */
} tenon_attribute;

#define TENON_VALUE_CAPTURED 1u /* a body's input that comes from the graph around it */
typedef struct tenon_graph_value {
  uint32_t id;     /* its index in tenon_graph.values */
  uint32_t origin; /* in a region: the id the value had in the queried graph; in a queried graph: id */
  tenon_string name;
  uint32_t dtype;
  uint32_t rank;           /* or TENON_UNKNOWN_RANK */
  const int64_t* dims;     /* rank entries; TENON_UNKNOWN_DIM where only a run tells */
  const uint32_t* symbols; /* rank entries or NULL; equal numbers != 0 mean equal sizes */
  uint32_t const_id;       /* for weight_get, or TENON_NO_ID */
  uint32_t flags;
} tenon_graph_value;

typedef struct tenon_node {
  uint32_t id;         /* its index in tenon_graph.nodes */
  uint32_t origin;     /* as for values */
  tenon_string domain; /* "ai.onnx", "ai.onnx.ml", "com.microsoft", ...: never empty */
  tenon_string op;
  uint32_t form; /* schema version at which inputs, attributes or meaning last changed [R17] */
  uint32_t reserved;
  tenon_string name;
  const uint32_t* inputs; /* value ids; TENON_NO_ID where an optional one is absent */
  uint32_t ninputs;
  uint32_t noutputs;
  const uint32_t* outputs;
  const tenon_attribute* attributes; /* defaults of the schema are filled in */
  uint32_t nattributes;
  uint32_t attribute_stride;
} tenon_node;

typedef struct tenon_graph {
  uint32_t size;
  uint32_t reserved;
  const tenon_node* nodes; /* in an order in which they can run */
  uint32_t nnodes;
  uint32_t node_stride;
  const tenon_graph_value* values;
  uint32_t nvalues;
  uint32_t value_stride;
  const uint32_t* inputs; /* value ids. Of a region: each value that comes from outside once, constants included, in
                             order of first use */
  uint32_t ninputs;
  uint32_t noutputs;
  const uint32_t* outputs; /* value ids. Of a region: those used outside, in the order they are made */
} tenon_graph;

/* ---- Claims and refusals [R6] --------------------------------------------------------------------------------- */

#define TENON_RULE_STRIDED 1u      /* takes or makes host tensors with any byte strides [R9] */
#define TENON_RULE_CONST_NEEDED 2u /* claimed only because this value is a constant */
typedef struct tenon_value_rule {
  uint32_t value;       /* value id in the queried graph */
  uint32_t memory_mask; /* memory kinds in which it may lie; 0 means host memory only */
  uint32_t align;       /* bytes, a power of two; 0: the element's own */
  uint32_t flags;
  tenon_layout layout;
} tenon_value_rule;

#define TENON_ESTIMATE_GUESS 0u    /* est_ns says nothing */
#define TENON_ESTIMATE_MODELLED 1u /* from a cost model */
#define TENON_ESTIMATE_MEASURED 2u
typedef struct tenon_claim {
  uint32_t size;
  uint32_t device;
  uint64_t id;           /* the provider's own; comes back in tenon_region */
  const uint32_t* nodes; /* one node, or a fused region */
  uint32_t nnodes;
  uint32_t nrules;
  const tenon_value_rule* rules; /* for values at the region's border; one without a rule is dense host memory */
  uint32_t rule_stride;
  uint32_t estimate; /* TENON_ESTIMATE_* */
  uint64_t est_ns;
  uint64_t workspace_bytes; /* upper bound where known, else 0 */
} tenon_claim;

#define TENON_REFUSE_OP 1u
#define TENON_REFUSE_FORM 2u
#define TENON_REFUSE_DTYPE 3u
#define TENON_REFUSE_RANK 4u
#define TENON_REFUSE_DYNAMIC 5u
#define TENON_REFUSE_LAYOUT 6u
#define TENON_REFUSE_ATTR 7u
#define TENON_REFUSE_CONST 8u
#define TENON_REFUSE_MEMORY 9u
#define TENON_REFUSE_OPTION 10u
#define TENON_REFUSE_DEVICE 11u
#define TENON_REFUSE_COST 12u
typedef struct tenon_refusal {
  uint32_t size;
  uint32_t node;
  uint32_t reason;
  uint32_t value;    /* the value it is about, or TENON_NO_ID */
  tenon_string text; /* one sentence without a final full stop */
} tenon_refusal;

/* ---- Weights [R11] -------------------------------------------------------------------------------------------- */

#define TENON_WEIGHT_SPLAT 1u /* all elements are equal (data is still complete) */
typedef struct tenon_weight {
  uint32_t size;
  uint32_t flags;
  tenon_tensor tensor; /* dense, host memory, read-only, aligned as asked. Valid as long as the provider's session; but
                          when every region that uses it asked for a pack with `original_needed` 0, only until the
                          prepack calls for it have returned */
  int32_t fd;          /* file that holds the bytes, or -1 */
  uint32_t reserved;
  uint64_t file_offset;
} tenon_weight;

/* A weight that the provider wants rearranged. The host makes the memory, calls prepack once for each different
 * (content, key) in the process, keeps the result, shares it between sessions and hands it over by bind_packed. */
typedef struct tenon_pack_request {
  uint32_t const_id;
  uint32_t memory_kind; /* index into the device's memory kinds */
  uint64_t bytes;
  uint64_t align;           /* bytes, a power of two */
  tenon_string key;         /* names the packing with every parameter it depends on, the ISA too */
  uint32_t original_needed; /* 0: the unpacked bytes are not used after prepack */
  uint32_t reserved;
} tenon_pack_request;

/* ---- Compile, prepare, execute -------------------------------------------------------------------------------- */

typedef struct tenon_session_desc {
  uint32_t size;
  uint32_t device;
  tenon_host_session* host_session; /* for weight_get; valid as long as the provider's session */
  const tenon_option* options;      /* every option of the schema, defaults filled in */
  uint32_t noptions;
  uint32_t option_stride;
  uint32_t max_workers; /* of any task of this session */
  uint32_t flags;
} tenon_session_desc;

#define TENON_SESSION_NO_FUSION 1u /* flags: the host takes single-node claims only */

typedef struct tenon_region {
  uint32_t size;
  uint32_t device;
  uint64_t claim;           /* tenon_claim.id */
  const tenon_graph* graph; /* the claimed nodes and their values; valid during compile only */
  const tenon_value_rule*
      rules; /* one for each of graph->inputs, then one for each of graph->outputs: what was agreed */
  uint32_t nrules;
  uint32_t rule_stride;
} tenon_region;

#define TENON_ALIAS_MAY 1u /* the output may use the input's memory, when the host has no other use for it */
typedef struct tenon_alias {
  uint32_t output; /* index into the region's outputs */
  uint32_t input;  /* index into the region's inputs */
  uint32_t kind;
  uint32_t reserved;
} tenon_alias;

/* Filled in by compile; the arrays are the exec's and live as long. */
typedef struct tenon_exec_info {
  uint32_t size;
  uint32_t max_concurrent_runs; /* 0: any */
  uint64_t workspace_bytes;     /* when there is no prepare */
  uint64_t workspace_align;     /* 0: 64 */
  const tenon_alias* aliases;
  uint32_t naliases;
  uint32_t alias_stride;
  const tenon_pack_request* packs;
  uint32_t npacks;
  uint32_t pack_stride;
  tenon_string kernel; /* what will run, for reports: "conv3x3_avx2 + relu" */
} tenon_exec_info;

typedef struct tenon_shape {
  uint32_t dtype;
  uint32_t rank;             /* or TENON_UNKNOWN_RANK */
  int64_t* dims;             /* inputs: read only. outputs: room for TENON_MAX_RANK; TENON_UNKNOWN_DIM where open */
  const tenon_tensor* value; /* inputs whose contents are known (constants, shape-deciding integers), else NULL */
} tenon_shape;

/* Shapes at the border of a region (prepare) or of one node (infer). */
typedef struct tenon_shapes {
  uint32_t size;
  uint32_t reserved;
  const tenon_shape* inputs;
  uint32_t ninputs;
  uint32_t input_stride;
  tenon_shape* outputs; /* the callee fills in open dims; infer also dtype and rank */
  uint32_t noutputs;
  uint32_t output_stride;
} tenon_shapes;

typedef struct tenon_prepared_info {
  uint32_t size;
  uint32_t reserved;
  uint64_t workspace_bytes;
} tenon_prepared_info;

/* A moment on a timeline: reached when the timeline's value is at least `value`. */
typedef struct tenon_point {
  tenon_sync* sync;
  uint64_t value;
  uint32_t kind; /* of the timeline, 0..63; see tenon_device.import_kinds */
  uint32_t reserved;
} tenon_point;

typedef struct tenon_run {
  uint32_t size;
  uint32_t queue;
  const tenon_tensor* inputs; /* as graph->inputs. A constant whose original is not needed has data NULL */
  tenon_tensor* outputs;      /* as graph->outputs. rank TENON_UNKNOWN_RANK, a dim of -1, or dtype STRING: ask
                                 alloc_output; else memory is given, dims are final. When bytes is 0 data may be NULL */
  uint32_t ninputs;
  uint32_t noutputs;
  uint32_t tensor_stride;
  uint32_t nwaits;
  void* workspace; /* host memory, or NULL when none was asked for */
  uint64_t workspace_bytes;
  tenon_task* task;
  tenon_run_handle* handle;
  const tenon_point* waits;   /* to be reached before anything is read or written */
  const tenon_point* signals; /* of this provider: to be reached when all is complete */
  uint32_t point_stride;
  uint32_t nsignals;
} tenon_run;

/* ---- Memory, copies [R8] [R10] -------------------------------------------------------------------------------- */

typedef struct tenon_mem_desc {
  uint32_t size;
  uint32_t device;
  uint32_t memory_kind;
  uint32_t reserved;
  uint64_t bytes;
  uint64_t align;
} tenon_mem_desc;

/* Copies src to dst: same dtype and dims, layouts may differ when one of them is the provider's own or both are DENSE.
 * At least one side is this provider's memory or layout; the other is that too, or dense host memory. */
typedef struct tenon_copy {
  uint32_t size;
  uint32_t device;
  const tenon_tensor* src;
  const tenon_tensor* dst;
  uint32_t queue;
  uint32_t nwaits;
  const tenon_point* waits;
  const tenon_point* signals;
  uint32_t point_stride;
  uint32_t nsignals;
  tenon_task* task;
} tenon_copy;

/* ---- Custom operators [R15] ----------------------------------------------------------------------------------- */

typedef struct tenon_schema {
  tenon_string domain;
  tenon_string op;
  uint32_t since_version; /* of the domain's opset; also the form */
  uint32_t min_inputs;
  uint32_t max_inputs; /* UINT32_MAX: any */
  uint32_t min_outputs;
  uint32_t max_outputs;
  uint32_t nattributes;
  const tenon_attribute* attributes; /* name, type and default; count 0: required, no default */
  uint32_t attribute_stride;
  uint32_t reserved;
  tenon_string text;
} tenon_schema;

/* ---- The host's table ----------------------------------------------------------------------------------------- */

#define TENON_LOG_ERROR 1u
#define TENON_LOG_WARNING 2u
#define TENON_LOG_INFO 3u
#define TENON_LOG_DEBUG 4u

/* Valid as long as the process. All T:any unless marked. `ctx` is the first argument of those that take void*. */
typedef struct tenon_host {
  uint32_t size;
  uint32_t reserved;
  void* ctx;
  void (*log)(void* ctx, uint32_t level, tenon_string text);
  /* Host memory through the host's books. align: a power of two. NULL when there is none; free(NULL) is allowed. */
  void* (*alloc)(void* ctx, uint64_t bytes, uint64_t align);
  void (*free)(void* ctx, void* memory);
  /* Calls fn(arg, i, worker) exactly once for every i < n, in any order, and returns when all are done [R12]. worker is
   * below max_workers(task) and no two calls at once have the same. fn must not fail, call parallel_for, or run for
   * more than about 10 ms without polling should_stop. Returns TENON_OK, or TENON_CANCELLED / TENON_DEADLINE when it
   * stopped early (some i were then not called). */
  int32_t (*parallel_for)(tenon_task* task, uint64_t n, void (*fn)(void* arg, uint64_t i, uint32_t worker), void* arg);
  /* Sizes scratch, never the split. */
  uint32_t (*max_workers)(tenon_task* task);
  /* TENON_OK, TENON_CANCELLED or TENON_DEADLINE. Costs a load. */
  int32_t (*should_stop)(tenon_task* task);
  /* During query only. The records are copied. Several claims may hold one node; they may overlap. */
  int32_t (*claim)(tenon_sink* sink, const tenon_claim* claim);
  int32_t (*refuse)(tenon_sink* sink, const tenon_refusal* refusal);
  /* During query, compile and prepack. align: a power of two, or 0. */
  int32_t (*weight_get)(tenon_host_session* session, uint32_t const_id, uint64_t align, tenon_weight* out,
                        tenon_status* status);
  /* During execute only: memory for output `index` of the given dims; string_bytes is what all strings take together
   * (0 for other dtypes). Fills in *out (data, bytes, dims, ...), which lives as long as the execute call. */
  int32_t (*alloc_output)(tenon_run_handle* run, uint32_t index, const int64_t* dims, uint32_t rank,
                          uint64_t string_bytes, tenon_tensor* out, tenon_status* status);
  /* Extensions by name, so that vendors need no central list. NULL: not known. */
  const void* (*get_extension)(void* ctx, tenon_string name);
} tenon_host;

/* ---- The provider's table ------------------------------------------------------------------------------------- */

/* Valid as long as the process. `self` is the first argument of those that take void*. */
typedef struct tenon_provider {
  uint32_t size;
  uint32_t reserved;
  void* self;
  const tenon_provider_info* info;

  /* T:any. Writes at most cap records of `stride` bytes (sizeof as the host knows it), sets *n to how many there are.
   */
  int32_t (*devices)(void* self, tenon_device* out, uint32_t stride, uint32_t cap, uint32_t* n, tenon_status* status);
  /* T:any, NULL ok. The array is the provider's, for ever. */
  int32_t (*options)(void* self, const tenon_option_desc** out, uint32_t* stride, uint32_t* n);
  /* T:any, NULL ok; both or none. infer: one node of an own schema; outputs are to be filled in. */
  int32_t (*schemas)(void* self, const tenon_schema** out, uint32_t* stride, uint32_t* n);
  int32_t (*infer)(void* self, const tenon_node* node, tenon_shapes* shapes, tenon_status* status);

  /* T:any. */
  int32_t (*session_create)(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                            tenon_status* status);
  /* T:one. Called after every exec of the session is destroyed. */
  void (*session_destroy)(tenon_provider_session* session);
  /* T:one. Pure and repeatable: the same graph gets the same claims [R6]. */
  int32_t (*query)(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink, tenon_status* status);
  /* T:any. TENON_DECLINED: the host plans without this claim [R7]. */
  int32_t (*compile)(tenon_provider_session* session, const tenon_region* region, tenon_task* task, tenon_exec** out,
                     tenon_exec_info* info, tenon_status* status);
  /* T:any, NULL ok; both or none; required when info.npacks > 0. dst: `bytes` bytes of the memory kind asked for. Each
   * pack is bound before the first prepare or execute; the packed bytes live as long as the exec. */
  int32_t (*prepack)(tenon_exec* exec, uint32_t pack, const tenon_tensor* dst, tenon_task* task, tenon_status* status);
  int32_t (*bind_packed)(tenon_exec* exec, uint32_t pack, const tenon_tensor* packed, tenon_status* status);
  /* T:any, NULL ok; both or none [R8]. Fills in open output dims that shapes alone decide; leaves the others at -1. */
  int32_t (*prepare)(tenon_exec* exec, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* info,
                     tenon_status* status);
  void (*prepared_destroy)(tenon_prepared* prepared);
  /* T:any: also at once for one exec and one prepared, each with its own workspace. prepared is NULL without prepare.
   * Allocates nothing that lives on; does not keep pointers of *run after it returns, but (ASYNC) may use tensor and
   * workspace memory until the signals are reached. */
  int32_t (*execute)(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status);
  /* T:one. */
  void (*exec_destroy)(tenon_exec* exec);

  /* Memory that the host cannot make itself. T:any, NULL ok when every device has host memory only. */
  int32_t (*mem_alloc)(void* self, const tenon_mem_desc* desc, tenon_mem** out, tenon_status* status);
  void (*mem_free)(void* self, tenon_mem* mem);
  int32_t (*mem_map)(void* self, tenon_mem* mem, void** out, tenon_status* status);
  int32_t (*mem_unmap)(void* self, tenon_mem* mem, tenon_status* status);
  /* Bytes of a tensor in an own layout; NULL ok when there is none. */
  int32_t (*layout_bytes)(void* self, const tenon_layout* layout, uint32_t dtype, const int64_t* dims, uint32_t rank,
                          uint64_t* out, tenon_status* status);
  int32_t (*copy)(void* self, const tenon_copy* copy, tenon_status* status);
  /* Estimated time of a copy; NULL ok. */
  int32_t (*copy_cost)(void* self, const tenon_copy* copy, uint64_t* ns, tenon_status* status);

  /* Timelines; T:any, required with TENON_FEATURE_ASYNC. They start at 0. sync_wait: TENON_OK when reached,
   * TENON_DEADLINE when timeout_ns passed first, else the code with which the timeline was poisoned. */
  int32_t (*sync_create)(void* self, uint32_t device, tenon_sync** out, uint32_t* kind, tenon_status* status);
  int32_t (*sync_wait)(void* self, tenon_sync* sync, uint64_t value, uint64_t timeout_ns, tenon_status* status);
  int32_t (*sync_signal)(void* self, tenon_sync* sync, uint64_t value, tenon_status* status);
  void (*sync_destroy)(void* self, tenon_sync* sync);

  /* NULL ok. */
  const void* (*get_extension)(void* self, tenon_string name);
} tenon_provider;

/* The one exported function. *out stays valid as long as the process. Refuses with TENON_VERSION and both ranges in the
 * message when the ranges do not meet; the agreed minor is min(host's max, provider's max). */
typedef int32_t (*tenon_provider_entry_fn)(const tenon_host* host, const tenon_host_range* range,
                                           const tenon_provider** out, tenon_status* status);
TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range,
                                             const tenon_provider** out, tenon_status* status);

#ifdef __cplusplus
}
#endif

#endif /* TENON_PLUGIN_H_ */
