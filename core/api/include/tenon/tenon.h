/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tenon's application API: load an ONNX model, see where every node runs, run it.
 *
 * Conventions
 *   1. Every function that can fail returns a code of types.h and fills in the caller's tenon_status (may be NULL; set
 *      `size` first, e.g. tenon_status st = {sizeof st};). On failure outputs are untouched unless said otherwise.
 *   2. Objects are reference-counted: *_create and other functions that give an object return one reference, *_retain
 *      adds one, *_release drops one (NULL is allowed). An object keeps what it needs alive, so a session may be
 *      released while a run of it is under way on another thread.
 *   3. Everything may be called by any thread; objects named `options` must not be changed by two threads at once.
 *      Sessions may run many times at once.
 *   4. Records begin with `size`; set it to sizeof. Strings are pointer and length (TENON_STR("text") makes one).
 *      Borrowed strings and arrays that a function returns live as long as the object they were asked of.
 *   5. dtype numbers are ONNX's (types.h), dims are int64, strides are bytes, sizes are bytes unless said otherwise.
 *
 *   tenon_env *env = NULL; tenon_session *session = NULL; tenon_status st = {sizeof st};
 *   if (tenon_env_create(NULL, &env, &st) || tenon_session_create(env, TENON_STR("model.onnx"), NULL, &session, &st))
 *     fprintf(stderr, "%s\n", st.msg);
 */
#ifndef TENON_TENON_H_
#define TENON_TENON_H_

#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
#define TENON_STR(text) (tenon_string{(text), sizeof(text) - 1})
#else
#define TENON_STR(text) ((tenon_string){(text), sizeof(text) - 1})
#endif

typedef struct tenon_env tenon_env;                         /* providers found, thread pool, shared weights */
typedef struct tenon_session_options tenon_session_options; /* how to load */
typedef struct tenon_session tenon_session;                 /* a loaded model */
typedef struct tenon_value tenon_value;                     /* a tensor, sequence, optional or map */
typedef struct tenon_run_options tenon_run_options;         /* cancel and deadline of runs */
typedef struct tenon_text tenon_text;                       /* a text that a call made */

/* ---- Version and codes ---------------------------------------------------------------------------------------- */

/* "0.1.0". Static storage. */
TENON_EXPORT const char* tenon_version(void);
/* "INVALID_MODEL" for TENON_INVALID_MODEL, "UNKNOWN" otherwise. Static storage. */
TENON_EXPORT const char* tenon_code_name(int32_t code);

/* What the last failing call on this thread was about; fields that do not apply are empty. The strings live until the
 * next call into Tenon on this thread. */
typedef struct tenon_error_fields {
  uint32_t size;
  int32_t code;
  tenon_string node;  /* path in the model: "main/If_3.then_branch/Conv_7" */
  tenon_string op;    /* "ai.onnx.Conv" */
  tenon_string value; /* input, output, tensor, option or file */
  tenon_string provider;
  tenon_string got;
  tenon_string expected;
} tenon_error_fields;
TENON_EXPORT int32_t tenon_last_error_fields(tenon_error_fields* out);

/* ---- Texts ---------------------------------------------------------------------------------------------------- */

/* The text and its length; it ends with a zero byte that is not counted. */
TENON_EXPORT tenon_string tenon_text_get(const tenon_text* text);
TENON_EXPORT void tenon_text_release(tenon_text* text);

/* ---- Environment ---------------------------------------------------------------------------------------------- */

/* Called by any thread, perhaps several at once; must not call into Tenon. level: 1 error, 2 warning, 3 info, 4 debug.
 */
typedef void (*tenon_log_fn)(void* user, uint32_t level, tenon_string text);

typedef struct tenon_env_desc {
  uint32_t size;
  uint32_t threads;   /* of the pool, the calling thread included; 0: TENON_NUM_THREADS, else what affinity and cgroup
                         quota allow */
  uint32_t log_level; /* 0: TENON_LOG, else warning */
  uint32_t reserved;
  tenon_log_fn log; /* NULL: standard error */
  void* log_user;
  const tenon_string* provider_dirs; /* searched before all others */
  uint32_t nprovider_dirs;
  uint32_t no_default_dirs; /* 1: search provider_dirs only */
} tenon_env_desc;

/* desc may be NULL. Reads the manifests on the search path; loads no provider's code. */
TENON_EXPORT int32_t tenon_env_create(const tenon_env_desc* desc, tenon_env** out, tenon_status* status);
TENON_EXPORT void tenon_env_retain(tenon_env* env);
TENON_EXPORT void tenon_env_release(tenon_env* env);
/* Adds one manifest, before everything found so far. */
TENON_EXPORT int32_t tenon_env_add_provider(tenon_env* env, tenon_string manifest_path, tenon_status* status);
/* JSON: [{"id","version","manifest","library","state":"found|loaded|shadowed|failed","reason","roles":[],
 * "devices":[{"id","name","kind","flags":[],"memory_bytes",...}],"options":[{"name","type","default","text",...}]}].
 * load: 1 opens every provider, so that devices and options are there and failures show; 0 reads manifests only. */
TENON_EXPORT int32_t tenon_env_providers_json(tenon_env* env, uint32_t load, tenon_text** out, tenon_status* status);
/* JSON: host memory in bytes {"current","peak","weights","packed","cached"}, {"allocations"} so far and the pool's
 * {"threads"}. weights: constants that the sessions of this environment keep after loading, in mapped files too; those
 * that providers have packed and do without are not among them. packed: packed weights of the process, in all memories.
 */
TENON_EXPORT int32_t tenon_env_memory_json(tenon_env* env, tenon_text** out, tenon_status* status);
/* Gives cached memory back to the system. */
TENON_EXPORT int32_t tenon_env_trim(tenon_env* env, tenon_status* status);

/* ---- Session options ------------------------------------------------------------------------------------------ */

TENON_EXPORT int32_t tenon_session_options_create(tenon_session_options** out, tenon_status* status);
TENON_EXPORT void tenon_session_options_release(tenon_session_options* options);
/* Names a provider, in order of preference. Naming any makes the policy `strict` unless it is set. Options as text;
 * unknown or ill-typed ones are an error of tenon_session_create. */
TENON_EXPORT int32_t tenon_session_options_add_provider(tenon_session_options* options, tenon_string id,
                                                        const tenon_string* names, const tenon_string* values,
                                                        uint32_t n, tenon_status* status);
/* Sets one option by name; the names, types, defaults and texts are listed by tenon_session_options_describe_json.
 * Among them: policy (strict|warn|allow), fusion (on|off), views (on|off), passes ("all", "exact", "none",
 * "-name,..."), weights (map|read), plan_cache (sets of shapes, default 16), threads (of one run, 0: the pool's),
 * memory_limit (bytes, 0: none), profile (on|off), verify (on|off), limit.model_bytes, limit.nodes, limit.nesting,
 * limit.fold_bytes, limit.load_ms. */
TENON_EXPORT int32_t tenon_session_options_set(tenon_session_options* options, tenon_string name, tenon_string value,
                                               tenon_status* status);
/* Fixes the size of a named input dim for every run. */
TENON_EXPORT int32_t tenon_session_options_set_dim(tenon_session_options* options, tenon_string symbol, int64_t size,
                                                   tenon_status* status);
/* JSON: [{"name","type","default","choices":[],"text"}]. */
TENON_EXPORT int32_t tenon_session_options_describe_json(tenon_text** out, tenon_status* status);

/* ---- Sessions ------------------------------------------------------------------------------------------------- */

/* Loads a model from a file; external data is opened beneath the file's folder only. Links there are refused, but for
 * those of a cache as Hugging Face's hub lays it out: in CACHE/snapshots/COMMIT/... a file may be a link to one
 * directly in CACHE/blobs. options may be NULL. */
TENON_EXPORT int32_t tenon_session_create(tenon_env* env, tenon_string path, const tenon_session_options* options,
                                          tenon_session** out, tenon_status* status);
/* From bytes, which are copied unless keep_alive is 1: then they must stay unchanged until the session is gone.
 * external_folder: where external data lies, or empty: a model that has some is refused. */
TENON_EXPORT int32_t tenon_session_create_from_bytes(tenon_env* env, const void* data, uint64_t bytes,
                                                     uint32_t keep_alive, tenon_string external_folder,
                                                     const tenon_session_options* options, tenon_session** out,
                                                     tenon_status* status);
TENON_EXPORT void tenon_session_retain(tenon_session* session);
TENON_EXPORT void tenon_session_release(tenon_session* session);

/* An input or output of the model. */
typedef struct tenon_io {
  uint32_t size;
  uint32_t optional; /* inputs: 1 when a default exists (overridable initializer) or the type is optional */
  tenon_string name;
  tenon_string type;           /* "tensor(float32)", "seq(tensor(int64))", ... */
  uint32_t dtype;              /* of a tensor, else TENON_UNDEFINED */
  uint32_t rank;               /* UINT32_MAX: not known */
  const int64_t* dims;         /* -1: not fixed */
  const tenon_string* symbols; /* a name for each dim, or empty */
} tenon_io;
TENON_EXPORT uint32_t tenon_session_input_count(const tenon_session* session);
TENON_EXPORT uint32_t tenon_session_output_count(const tenon_session* session);
TENON_EXPORT int32_t tenon_session_input(const tenon_session* session, uint32_t index, tenon_io* out);
TENON_EXPORT int32_t tenon_session_output(const tenon_session* session, uint32_t index, tenon_io* out);
/* UINT32_MAX when there is none of that name. */
TENON_EXPORT uint32_t tenon_session_input_index(const tenon_session* session, tenon_string name);
TENON_EXPORT uint32_t tenon_session_output_index(const tenon_session* session, tenon_string name);
/* The model's own metadata: count, then key and value by index. */
TENON_EXPORT uint32_t tenon_session_metadata_count(const tenon_session* session);
TENON_EXPORT int32_t tenon_session_metadata(const tenon_session* session, uint32_t index, tenon_string* key,
                                            tenon_string* value);

/* Where every node of the model runs and why; always there. JSON:
 * {"line": "95 nodes: cpu 61, view 14, folded 18, removed 2", "providers": [ids, preferred first], "classes": {...},
 *  "nodes": [{"path","op","class","provider","device","why","kernel","group","others":[{"provider","reason","text"}]}],
 *  "copies": [{"value","from","to","bytes"}], "passes": [{"name","class","changed","ms"}], "load": {"import_ms",...}}.
 */
TENON_EXPORT int32_t tenon_session_placement_json(const tenon_session* session, tenon_text** out, tenon_status* status);
/* The one line alone. Borrowed. */
TENON_EXPORT tenon_string tenon_session_placement_line(const tenon_session* session);
/* The optimised graph in the IR's text form; stage: "import" or "optimized". */
TENON_EXPORT int32_t tenon_session_ir_text(const tenon_session* session, tenon_string stage, tenon_text** out,
                                           tenon_status* status);
/* JSON: the graph with its edges, for whoever draws it; stage: "import" or "optimized". {"graphs": [{"path","node"
 * (that the body belongs to; null: the main graph),"inputs":[],"outputs":[],"captures":[[outer,inner]]}], "values":
 * [{"name", "type" ("float32", "seq(tensor(int64))"), "dims" (numbers, names of symbols, "?"; null: not even the
 * rank),"bytes" (null: not known at load),"constant"}], "nodes": [...]}. Graphs, values and nodes are named by their
 * index. "import": nodes are those of the model, before any rewrite, in the order of tenon_session_placement_json's:
 * {"graph","inputs","outputs"}, absent ones null. Reads the model again: the errors of tenon_session_create;
 * TENON_UNSUPPORTED when it came from bytes that were copied; TENON_INVALID_MODEL when the file is no longer the same.
 * "optimized": nodes are what runs, in order: {"graph","inputs","outputs","path" (as in the profile),"op","origins"
 * (indices in the placement's nodes),"class","provider","device","kernel","group" (null: runs alone)}, and "copies":
 * [{"value","from","to","bytes","readers" (nodes),"output" (whether it is one of the graph)}] in the placement's order.
 */
TENON_EXPORT int32_t tenon_session_graph_json(const tenon_session* session, tenon_string stage, tenon_text** out,
                                              tenon_status* status);
/* JSON about the model: inputs, outputs, metadata, producer, domain, description, its graph's name and description,
 * opsets, operators with counts, weights in bytes, values per shape class. */
TENON_EXPORT int32_t tenon_session_inspect_json(const tenon_session* session, tenon_text** out, tenon_status* status);
/* Bytes of this session: {"weights","packed","arena","arena_peak","outputs"}, and how many sets of shapes have "plans".
 * weights: constants that are kept after loading; packed: packed weights that it uses, shared ones included; outputs:
 * memory of large outputs that the caller has released, waiting for the next run, at most what the last run's took. */
TENON_EXPORT int32_t tenon_session_memory_json(const tenon_session* session, tenon_text** out, tenon_status* status);
/* Drops cached plans and their memory, and that of released outputs. */
TENON_EXPORT int32_t tenon_session_trim(tenon_session* session, tenon_status* status);

/* ---- Writing models -------------------------------------------------------------------------------------------- */

typedef struct tenon_optimize_desc {
  uint32_t size;
  uint32_t opset;           /* of ai.onnx; 0: the model's own */
  tenon_string out;         /* the file to write: put in place when it is whole, else nothing is there */
  uint32_t external_data;   /* 1: weights of 1 KiB and more go to a file beside `out`, its name and ".data"; 0: they do
                               only when `out` would be larger than the 2 GB that protobuf reads */
  uint32_t dense_constants; /* 1: constants of one repeated value are written out; 0: as ConstantOfShape */
  const void* data;         /* the model's bytes in place of a file, unchanged until the call returns; or NULL */
  uint64_t bytes;
  const tenon_run_options* run; /* cancels the call, from any thread, and limits its time; or NULL */
  /* Called by the calling thread with bytes written of all, 0 of 0 while the model is read and its passes run; must not
   * call into Tenon. Or NULL. */
  void (*progress)(void* user, uint64_t done, uint64_t total);
  void* progress_user;
} tenon_optimize_desc;
/* Reads a model, runs the passes and writes the graph as an ONNX model for an opset; places and compiles nothing.
 * model: a path; with desc->data the folder of its external data, or empty. options (may be NULL): passes, named
 * dims, limits; providers fold constants and bring operators. Operators that a pass found in their parts go back to
 * those, and others to their function bodies, where the opset has none. Names, types and named dims of inputs and
 * outputs, defaults of inputs, metadata and domains stay; functions are inlined.
 * report (may be NULL): JSON {"opset","ir_version","nodes_before","nodes","operators":{},"expanded":{} (nodes taken
 * apart, by operator),"lowered":{} (nodes that got an older form),"bytes","external": null or {"file","bytes"},
 * "passes":[{"name","class","changed","ms"}]}. Errors: those of tenon_session_create; TENON_UNSUPPORTED names the nodes
 * that have no exact form in the opset; TENON_VERSION, TENON_CANCELLED, TENON_DEADLINE, TENON_IO. */
TENON_EXPORT int32_t tenon_env_optimize(tenon_env* env, tenon_string model, const tenon_session_options* options,
                                        const tenon_optimize_desc* desc, tenon_text** report, tenon_status* status);

/* ---- Values --------------------------------------------------------------------------------------------------- */

/* A tensor over the caller's memory: nothing is copied; the memory must stay until the value is released and every run
 * that uses it has returned. As an output its dims must fit what the run makes. Strides are allowed for inputs. */
TENON_EXPORT int32_t tenon_value_wrap(const tenon_tensor* tensor, tenon_value** out, tenon_status* status);
/* A new dense tensor in Tenon's memory, zeroed. For TENON_STRING use tenon_value_create_strings. */
TENON_EXPORT int32_t tenon_value_create(uint32_t dtype, const int64_t* dims, uint32_t rank, tenon_value** out,
                                        tenon_status* status);
/* A copy of the strings, row-major, one for each element. */
TENON_EXPORT int32_t tenon_value_create_strings(const tenon_string* strings, const int64_t* dims, uint32_t rank,
                                                tenon_value** out, tenon_status* status);
TENON_EXPORT void tenon_value_retain(tenon_value* value);
TENON_EXPORT void tenon_value_release(tenon_value* value);
/* A view of a tensor value; dims and data live as long as the value. Fails for sequences, optionals and maps. */
TENON_EXPORT int32_t tenon_value_tensor(const tenon_value* value, tenon_tensor* out, tenon_status* status);
/* String `index` of a tensor of strings. Borrowed. */
TENON_EXPORT int32_t tenon_value_string(const tenon_value* value, uint64_t index, tenon_string* out,
                                        tenon_status* status);

/* What a value is. Sequences, optionals and maps hold other values, at most 8 deep, and never change. */
#define TENON_KIND_TENSOR 1
#define TENON_KIND_SEQUENCE 2 /* values of one type, in order */
#define TENON_KIND_OPTIONAL 3 /* one value or none */
#define TENON_KIND_MAP 4      /* keys, each with a value */

/* One of TENON_KIND_*; 0 for NULL. */
TENON_EXPORT uint32_t tenon_value_kind(const tenon_value* value);
/* A sequence of `count` values, which it keeps alive: nothing is copied, so the memory of wrapped tensors must stay as
 * tenon_value_wrap says. All must be of one kind and dtype (at every depth); dims may differ. count may be 0: an empty
 * sequence fits every sequence type. */
TENON_EXPORT int32_t tenon_value_create_sequence(const tenon_value* const* items, uint64_t count, tenon_value** out,
                                                 tenon_status* status);
/* An optional that holds `item`, which it keeps alive; NULL makes an absent one. An optional holds no optional. */
TENON_EXPORT int32_t tenon_value_create_optional(const tenon_value* item, tenon_value** out, tenon_status* status);
/* A map from the elements of `keys` (a tensor of `count` integers or strings, rank 1, each once) to `values`, in that
 * order. It keeps all of them alive. Values are of one kind and dtype; a scalar is a tensor of rank 0. */
TENON_EXPORT int32_t tenon_value_create_map(const tenon_value* keys, const tenon_value* const* values, uint64_t count,
                                            tenon_value** out, tenon_status* status);
/* How many items a sequence or a map has; of an optional 1 or 0 (absent); 0 for a tensor and for NULL. */
TENON_EXPORT uint64_t tenon_value_count(const tenon_value* value);
/* Item `index` of a sequence, the value of a present optional (index 0), or the value of key `index` of a map: one
 * reference, which outlives `value`. Items of what a run made may share memory with each other: only read them. */
TENON_EXPORT int32_t tenon_value_item(const tenon_value* value, uint64_t index, tenon_value** out,
                                      tenon_status* status);
/* The keys of a map, a tensor of rank 1: one reference. */
TENON_EXPORT int32_t tenon_value_map_keys(const tenon_value* value, tenon_value** out, tenon_status* status);

/* ---- Running -------------------------------------------------------------------------------------------------- */

TENON_EXPORT int32_t tenon_run_options_create(tenon_run_options** out, tenon_status* status);
TENON_EXPORT void tenon_run_options_retain(tenon_run_options* options);
TENON_EXPORT void tenon_run_options_release(tenon_run_options* options);
/* Makes every run under way with these options, and every later one, end with TENON_CANCELLED, until reset. Safe in a
 * signal handler. */
TENON_EXPORT void tenon_run_options_cancel(tenon_run_options* options);
TENON_EXPORT void tenon_run_options_reset(tenon_run_options* options);
/* Nanoseconds from the entry of each run, after which it ends with TENON_DEADLINE; 0: none. */
TENON_EXPORT void tenon_run_options_set_timeout(tenon_run_options* options, uint64_t nanoseconds);
/* At most so many threads, the caller included; 0: the session's. */
TENON_EXPORT void tenon_run_options_set_threads(tenon_run_options* options, uint32_t threads);

/* Runs the model once. inputs[i] is the session's input i (NULL: its default; of an optional type: absent). Where the
 * type is an optional, the value that it would hold may be given itself. outputs[i] is the session's output i: NULL on
 * entry makes a new value that the caller releases; a tensor on entry is written in place (wrapped memory) and its dims
 * must be right. Sequences, optionals and maps are always made anew. Outputs that are not wanted: `wanted` may be NULL
 * (all) or n_outputs bytes, 0 skips that one. options may be NULL. On failure no output is set; wrapped memory may be
 * partly written. With the same input shapes as an earlier run and every output wrapped, nothing is allocated. */
TENON_EXPORT int32_t tenon_session_run(tenon_session* session, const tenon_run_options* options,
                                       const tenon_value* const* inputs, uint32_t n_inputs, tenon_value** outputs,
                                       uint32_t n_outputs, const uint8_t* wanted, tenon_status* status);

/* ---- Profile: sessions loaded with the option profile=on ------------------------------------------------------- */

/* Chrome trace JSON of all runs since the load or the last reset. */
TENON_EXPORT int32_t tenon_session_profile_trace(tenon_session* session, tenon_text** out, tenon_status* status);
/* JSON: {"runs","run_ns","nodes":[{"path","op","provider","kernel","calls","total_ns","share"}]}, slowest first; the
 * nodes' times and "executor", less "overlap_ns" (of work side by side), sum to within 5% of run_ns. */
TENON_EXPORT int32_t tenon_session_profile_json(tenon_session* session, tenon_text** out, tenon_status* status);
TENON_EXPORT int32_t tenon_session_profile_reset(tenon_session* session, tenon_status* status);

#ifdef __cplusplus
}
#endif

#endif /* TENON_TENON_H_ */
