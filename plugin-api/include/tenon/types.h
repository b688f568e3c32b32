/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types shared by the provider ABI (plugin.h) and the application API (tenon.h): codes, element types, tensors.
 *
 * Conventions for every record in this file and in plugin.h:
 *   1. Fixed-width integers and pointers only. Padding is written out; a host and a provider zero what they do not use.
 *   2. A record that is passed alone begins with `size` (bytes that the writer knows) and `reserved` (0).
 *   3. Fields are only ever appended. A reader looks at a field only when its offset is below `size`.
 *   4. A string is a pointer and a length in bytes, UTF-8, not terminated. {NULL, 0} is the empty string.
 *   5. Nothing throws, jumps or frees across the boundary; memory is freed by the side that made it.
 */
#ifndef TENON_TYPES_H_
#define TENON_TYPES_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Written before a function that is called across a boundary when the library is built with hidden visibility. */
#if defined(__GNUC__)
#define TENON_EXPORT __attribute__((visibility("default")))
#else
#define TENON_EXPORT
#endif

/* ---- Codes ---------------------------------------------------------------------------------------------------
 * Every function that can fail returns one of these as int32_t and describes it in a caller-owned tenon_status.
 * The comment says what a caller can do: FIX what was passed, RETRY later, or GIVE UP. An unknown code means GIVE UP.
 * The values never change. */
#define TENON_OK 0                 /* success */
#define TENON_INVALID_ARGUMENT 1   /* FIX: an argument of the call is wrong (NULL, range, unknown name) */
#define TENON_INVALID_MODEL 2      /* FIX: the model breaks a rule of ONNX (cycle, unknown value, type clash) */
#define TENON_MALFORMED 3          /* FIX: bytes that cannot be read: truncated, wrong wire type, not a protobuf */
#define TENON_INVALID_TENSOR 4     /* FIX: an input's dtype, rank, dims, strides or size is wrong */
#define TENON_UNSUPPORTED 5        /* FIX: valid, but nothing here can run it; the message says which node and why */
#define TENON_PLACEMENT 6          /* FIX: strict placement: nodes that the named providers cannot take */
#define TENON_PROVIDER_NOT_FOUND 7 /* FIX: no provider of that name on the search path */
#define TENON_PROVIDER_LOAD 8      /* FIX: the provider's library failed to load; the loader's words follow */
#define TENON_VERSION 9            /* FIX: ABI, IR or opset version outside of what this build accepts */
#define TENON_OPTION 10            /* FIX: unknown or ill-typed option; the nearest name follows */
#define TENON_NOT_FOUND 11         /* FIX: file or named thing does not exist */
#define TENON_IO 12                /* RETRY or FIX: reading or writing a file failed; vendor_code is errno */
#define TENON_PERMISSION 13        /* FIX: outside of the allowed folders, or refused by the system */
#define TENON_LIMIT 14             /* FIX: a limit was reached (bytes, nodes, nesting, folding); the message names it */
#define TENON_OUT_OF_MEMORY 15     /* RETRY: an allocation failed */
#define TENON_CANCELLED 16         /* RETRY: the caller cancelled the run */
#define TENON_DEADLINE 17          /* RETRY: the run's deadline has passed */
#define TENON_DEVICE_LOST 18       /* RETRY with a new session: the device failed or was removed */
#define TENON_DECLINED 19          /* provider to host: compile takes its claim back; the host plans without it */
#define TENON_BUSY 20              /* RETRY: as many concurrent runs as allowed are under way */
#define TENON_RUN 21               /* FIX: an operator met values it is not defined for (index out of range, ...) */
#define TENON_INTERNAL 22          /* GIVE UP: a defect of Tenon or of a provider; please report it */
#define TENON_PROVIDER_RULE 23     /* GIVE UP: a provider broke a rule of the ABI; the message names the rule */

typedef struct tenon_string {
  const char* data;
  uint64_t len;
} tenon_string;

/* Caller-owned result of a call; frozen at this size for ever. The caller sets `size` once; the callee fills in the
 * rest and always leaves msg terminated by a zero. One may be reused for any number of calls, by one thread at once. */
#define TENON_STATUS_TEXT 1000
typedef struct tenon_status {
  uint32_t size; /* sizeof(tenon_status) */
  uint32_t reserved;
  int32_t code;        /* TENON_OK or one of the codes above */
  int32_t vendor_code; /* errno, a driver's code, or 0 */
  uint32_t len;        /* bytes of msg, without its final zero */
  uint32_t reserved2;
  char msg[TENON_STATUS_TEXT];
} tenon_status;

/* ---- Element types: ONNX's TensorProto.DataType, same numbers ------------------------------------------------- */
#define TENON_UNDEFINED 0
#define TENON_FLOAT32 1
#define TENON_UINT8 2
#define TENON_INT8 3
#define TENON_UINT16 4
#define TENON_INT16 5
#define TENON_INT32 6
#define TENON_INT64 7
#define TENON_STRING 8
#define TENON_BOOL 9 /* one byte, 0 or 1 */
#define TENON_FLOAT16 10
#define TENON_FLOAT64 11
#define TENON_UINT32 12
#define TENON_UINT64 13
#define TENON_COMPLEX64 14
#define TENON_COMPLEX128 15
#define TENON_BFLOAT16 16
#define TENON_FLOAT8E4M3FN 17
#define TENON_FLOAT8E4M3FNUZ 18
#define TENON_FLOAT8E5M2 19
#define TENON_FLOAT8E5M2FNUZ 20
#define TENON_UINT4 21 /* two a byte, the first in the low half; never strided */
#define TENON_INT4 22
#define TENON_FLOAT4E2M1 23
#define TENON_FLOAT8E8M0 24
#define TENON_UINT2 25 /* four a byte, the first in the low bits; never strided */
#define TENON_INT2 26
#define TENON_FLOAT6E2M3 27 /* four in three bytes: one stream of bits, the first in the low bits; never strided */
#define TENON_FLOAT6E3M2 28
#define TENON_DTYPE_COUNT 29

/* ---- Tensors -------------------------------------------------------------------------------------------------- */

/* How a tensor's elements lie. Plain data; dims stay logical (those of the ONNX value) in every layout. */
#define TENON_LAYOUT_DENSE 0   /* row-major, the last axis fastest, no gaps */
#define TENON_LAYOUT_BLOCKED 1 /* `axis` is cut into blocks of `block` elements that become the fastest axis */
#define TENON_LAYOUT_OPAQUE 2  /* only the provider that names it (`id`) can read it */
typedef struct tenon_layout {
  uint32_t kind;
  uint32_t axis;  /* BLOCKED: the axis that is cut */
  uint32_t block; /* BLOCKED: elements a block; the last one is padded */
  uint32_t reserved;
  uint64_t id; /* OPAQUE: chosen by the provider; unique within it */
} tenon_layout;

/* Memory of a device that the host cannot address; made and freed by one provider. */
typedef struct tenon_mem tenon_mem;

#define TENON_MAX_RANK 64

/* A view of a tensor. It owns nothing: whoever hands one over says how long `dims`, `strides` and the data live.
 * A tensor of strings holds, in one block of `bytes` bytes: n+1 int64 offsets (the first 0), then the UTF-8 bytes. */
typedef struct tenon_tensor {
  uint32_t size; /* sizeof(tenon_tensor) */
  uint32_t reserved;
  uint32_t dtype;
  uint32_t rank;          /* at most TENON_MAX_RANK */
  const int64_t* dims;    /* rank entries, each >= 0; NULL when rank is 0. Their product, zeros taken as 1, is at most
                             INT64_MAX / 16: products of some of them, and their bytes, do not overflow */
  const int64_t* strides; /* in bytes, may be 0 or negative; NULL: dense. NULL under 8 bits and for strings */
  tenon_layout layout;    /* strides apply to DENSE only */
  tenon_mem* memory;      /* NULL: host memory at `data` */
  uint64_t offset;        /* of the first element, bytes from the start of `memory`; 0 in host memory */
  uint64_t bytes;         /* usable bytes from the first element on */
  void* data;             /* host address of the first element; NULL when the host cannot read it, or bytes is 0 */
} tenon_tensor;

#ifdef __cplusplus
}
#endif

#endif /* TENON_TYPES_H_ */
