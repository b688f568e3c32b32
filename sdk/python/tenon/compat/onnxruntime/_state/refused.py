# SPDX-License-Identifier: Apache-2.0
"""What exists so that programs can import it, and raises when it is used."""

from __future__ import annotations

from .errors import NotOffered, refuse, refused_class, refused_function

_SPARSE = "Tenon runs dense tensors only"
_ADAPTERS = "Tenon has no LoRA adapters"
_COMPILED = "Tenon has no compiled models; it plans a model while it loads"
_REGISTRY = "tenon.providers() and session.placement() tell what providers can do"
_PACKING = "Tenon's providers pack weights themselves while they load"


def no_sparse_tensors() -> NotOffered:
    """What everything about sparse tensors raises."""
    return refuse("SparseTensor", _SPARSE)


SparseTensor = refused_class(
    "SparseTensor", _SPARSE, ("sparse_coo_from_numpy", "sparse_csr_from_numpy", "blocksparse_from_numpy")
)
SparseBlockSparseView = refused_class("SparseBlockSparseView", _SPARSE)
SparseCooView = refused_class("SparseCooView", _SPARSE)
SparseCsrView = refused_class("SparseCsrView", _SPARSE)
AdapterFormat = refused_class("AdapterFormat", _ADAPTERS, ("read_adapter",))
LoraAdapter = refused_class("LoraAdapter", _ADAPTERS)
ModelCompiler = refused_class("ModelCompiler", _COMPILED)
OrtEpContextData = refused_class("OrtEpContextData", _COMPILED)
OrtEpContextDataBuffer = refused_class("OrtEpContextDataBuffer", _COMPILED)
OrtSyncStream = refused_class("OrtSyncStream", "a run is complete when it returns; there are no streams")
SessionObjectInitializer = refused_class("SessionObjectInitializer", "options go to InferenceSession itself")

get_session_initializer = refused_function("get_session_initializer", "options go to InferenceSession itself")
get_all_operator_schema = refused_function("get_all_operator_schema", "onnx.defs.get_all_schemas() has the schemas")
get_all_opkernel_def = refused_function("get_all_opkernel_def", _REGISTRY)
get_registered_ep_kernel_defs = refused_function("get_registered_ep_kernel_defs", _REGISTRY)
get_compatibility_info_from_model = refused_function("get_compatibility_info_from_model", _COMPILED)
get_compatibility_info_from_model_bytes = refused_function("get_compatibility_info_from_model_bytes", _COMPILED)
get_model_compatibility_for_ep_devices = refused_function("get_model_compatibility_for_ep_devices", _COMPILED)
enable_telemetry_events = refused_function("enable_telemetry_events", "Tenon has no telemetry to turn on")
pack_fp4_weights_for_cuda_moe_gemm = refused_function("pack_fp4_weights_for_cuda_moe_gemm", _PACKING)
quantize_matmul_2bits = refused_function("quantize_matmul_2bits", _PACKING)
quantize_matmul_4bits = refused_function("quantize_matmul_4bits", _PACKING)
quantize_matmul_8bits = refused_function("quantize_matmul_8bits", _PACKING)
quantize_matmul_bnb4 = refused_function("quantize_matmul_bnb4", _PACKING)
quantize_qdq_matmul_2bits = refused_function("quantize_qdq_matmul_2bits", _PACKING)
quantize_qdq_matmul_4bits = refused_function("quantize_qdq_matmul_4bits", _PACKING)
