# SPDX-License-Identifier: Apache-2.0
"""The names of onnxruntime's extension module."""

import types as _types

from .._state.devices import (
    OrtArenaCfg,
    OrtDevice,
    OrtEpAssignedNode,
    OrtEpAssignedSubgraph,
    OrtEpDevice,
    OrtExternalInitializerInfo,
    OrtHardwareDevice,
    OrtMemoryInfo,
    get_device,
    get_ep_devices,
    get_hardware_device_ep_incompatibility_details,
    get_hardware_devices,
)
from .._state.enums import (
    ArenaExtendStrategy,
    ExecutionMode,
    ExecutionOrder,
    GraphOptimizationLevel,
    OrtAllocatorType,
    OrtCompileApiFlags,
    OrtCompiledModelCompatibility,
    OrtDeviceEpIncompatibilityReason,
    OrtDeviceMemoryType,
    OrtExecutionProviderDevicePolicy,
    OrtHardwareDeviceType,
    OrtMemoryInfoDeviceType,
    OrtMemType,
    OrtSparseFormat,
    kNextPowerOfTwo,
    kSameAsRequested,
)
from .._state.errors import (
    DeviceReset,
    EngineError,
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    ModelLoadCanceled,
    ModelLoaded,
    ModelRequiresCompilation,
    NoModel,
    NoSuchFile,
    NotFound,
    NotImplemented,
    NotOffered,
    RuntimeException,
    refused_class,
)
from .._state.functions import (
    create_and_register_allocator,
    create_and_register_allocator_v2,
    disable_telemetry_events,
    get_all_providers,
    get_available_providers,
    get_build_info,
    get_default_session_options,
    get_version_string,
    has_collective_ops,
    register_execution_provider_library,
    set_default_logger_severity,
    set_default_logger_verbosity,
    set_global_thread_pool_sizes,
    set_seed,
    unregister_execution_provider_library,
)
from .._state.options import RunOptions, SessionOptions
from .._state.refused import (
    AdapterFormat,
    LoraAdapter,
    ModelCompiler,
    OrtEpContextData,
    OrtEpContextDataBuffer,
    OrtSyncStream,
    SessionObjectInitializer,
    SparseBlockSparseView,
    SparseCooView,
    SparseCsrView,
    SparseTensor,
    enable_telemetry_events,
    get_all_operator_schema,
    get_all_opkernel_def,
    get_compatibility_info_from_model,
    get_compatibility_info_from_model_bytes,
    get_model_compatibility_for_ep_devices,
    get_registered_ep_kernel_defs,
    get_session_initializer,
    pack_fp4_weights_for_cuda_moe_gemm,
    quantize_matmul_2bits,
    quantize_matmul_4bits,
    quantize_matmul_8bits,
    quantize_matmul_bnb4,
    quantize_qdq_matmul_2bits,
    quantize_qdq_matmul_4bits,
)
from .._state.session import InferenceSession, ModelMetadata, NodeArg, SessionIOBinding
from .._state.values import OrtValue, OrtValueVector, copy_tensors, is_dlpack_uint8_tensor

_REGISTRY = "tenon.providers() and session.placement() tell what providers can do"
opkernel = _types.ModuleType(f"{__name__}.opkernel", "Kernels are described by providers.")
opkernel.KernelDef = refused_class("opkernel.KernelDef", _REGISTRY)
schemadef = _types.ModuleType(f"{__name__}.schemadef", "Schemas are onnx's.")
schemadef.OpSchema = refused_class("schemadef.OpSchema", "onnx.defs.OpSchema has the schemas")

# Star imports of this module are how programs and _pybind_state get at its names.
__all__ = [name for name in dir() if not name.startswith("_")]
