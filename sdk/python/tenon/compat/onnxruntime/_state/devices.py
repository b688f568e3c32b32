# SPDX-License-Identifier: Apache-2.0
"""Records about devices and memory. Tenon shows applications host memory only."""

from __future__ import annotations

from typing import Any

from . import enums, providers
from .errors import make, refuse, Fail


class OrtDevice:
    """A device by numbers: type, memory type, vendor (0 unless given), id."""

    __slots__ = ("_type", "_memory", "_vendor", "_id")

    def __init__(self, device_type: int, memory_type: int, *vendor_and_id: int) -> None:
        if len(vendor_and_id) not in (1, 2):
            raise TypeError("OrtDevice(device_type, memory_type, [vendor_id,] device_id)")
        self._type, self._memory = int(device_type), int(memory_type)
        self._vendor = int(vendor_and_id[0]) if len(vendor_and_id) == 2 else 0
        self._id = int(vendor_and_id[-1])

    def device_type(self) -> int:
        return self._type

    def mem_type(self) -> int:
        return self._memory

    def vendor_id(self) -> int:
        return self._vendor

    def device_id(self) -> int:
        return self._id

    @staticmethod
    def cpu() -> int:
        return 0

    @staticmethod
    def cuda() -> int:
        return 1

    @staticmethod
    def gpu() -> int:
        return 1

    @staticmethod
    def webgpu() -> int:
        return 1

    @staticmethod
    def fpga() -> int:
        return 2

    @staticmethod
    def npu() -> int:
        return 3

    @staticmethod
    def cann() -> int:
        return 3

    @staticmethod
    def dml() -> int:
        return 4

    @staticmethod
    def default_memory() -> int:
        return 0


class OrtMemoryInfo:
    """Where memory is: a name, its allocator's kind, device and use."""

    def __init__(self, name: str, allocator_type: Any, device_id: int, mem_type: Any) -> None:
        self.name = name
        self.allocator_type = enums.OrtAllocatorType(allocator_type)
        self.device_id = int(device_id)
        self.mem_type = enums.OrtMemType(mem_type)
        self.device_mem_type = enums.OrtDeviceMemoryType.DEFAULT
        self.device_vendor_id = 0

    @staticmethod
    def create_v2(
        name: str, device_type: Any, vendor_id: int, device_id: int, mem_type: Any, alignment: int, allocator_type: Any
    ) -> OrtMemoryInfo:
        """The same with vendor and kind of memory."""
        info = OrtMemoryInfo(name, allocator_type, device_id, enums.OrtMemType.DEFAULT)
        info.device_mem_type = enums.OrtDeviceMemoryType(mem_type)
        info.device_vendor_id = int(vendor_id)
        return info


class OrtArenaCfg:
    """Numbers for an arena, or a dict of them; -1: the default. Tenon has no arenas: nothing reads them."""

    _FIELDS = ("max_mem", "arena_extend_strategy", "initial_chunk_size_bytes", "max_dead_bytes_per_chunk")
    _MORE = ("initial_growth_chunk_size_bytes", "max_power_of_two_extend_bytes")

    def __init__(self, *numbers: Any) -> None:
        self.max_mem = 0
        self.arena_extend_strategy = self.initial_chunk_size_bytes = self.max_dead_bytes_per_chunk = -1
        self.initial_growth_chunk_size_bytes = self.max_power_of_two_extend_bytes = -1
        if len(numbers) == 1 and isinstance(numbers[0], dict):
            for name, value in numbers[0].items():
                if name not in self._FIELDS + self._MORE:
                    raise ValueError(f"OrtArenaCfg has no '{name}'; it has: {', '.join(self._FIELDS + self._MORE)}")
                setattr(self, name, int(value))
        elif len(numbers) == len(self._FIELDS):
            for name, value in zip(self._FIELDS, numbers):
                setattr(self, name, int(value))
        else:
            raise TypeError(f"OrtArenaCfg({', '.join(self._FIELDS)}) or a dict")


class OrtExternalInitializerInfo:
    """Where an initializer's data lies: file, offset and size in bytes."""

    def __init__(self, filepath: str, file_offset: int, byte_size: int) -> None:
        self.filepath, self.file_offset, self.byte_size = filepath, int(file_offset), int(byte_size)


class OrtHardwareDevice:
    """A device as a provider tells of it."""

    def __init__(
        self, type: enums.OrtHardwareDeviceType, vendor: str, device_id: int, metadata: dict[str, str]
    ) -> None:
        self.type, self.vendor, self.vendor_id, self.device_id, self.metadata = type, vendor, 0, device_id, metadata


class OrtEpDevice:
    """A provider's use of a device."""

    def __init__(self, ep_name: str, version: str, device: OrtHardwareDevice) -> None:
        self.ep_name, self.ep_vendor, self.device = ep_name, "Tenon", device
        self.ep_metadata, self.ep_options = {"version": version}, {}

    def memory_info(self, memory_type: Any) -> OrtMemoryInfo | None:
        """Host memory; None for other kinds."""
        if enums.OrtDeviceMemoryType(memory_type) != enums.OrtDeviceMemoryType.DEFAULT:
            return None
        return host_memory()

    def create_sync_stream(self) -> Any:
        """Raises: runs are complete when they return."""
        raise refuse("OrtEpDevice.create_sync_stream", "a run is complete when it returns; there are no streams")


class OrtEpAssignedNode:
    """A node: name, operator, domain."""

    def __init__(self, name: str, op_type: str, domain: str) -> None:
        self.name, self.op_type, self.domain = name, op_type, domain


class OrtEpAssignedSubgraph:
    """Nodes that run on one provider."""

    def __init__(self, ep_name: str, nodes: list[OrtEpAssignedNode]) -> None:
        self.ep_name, self._nodes = ep_name, nodes

    def get_nodes(self) -> list[OrtEpAssignedNode]:
        return list(self._nodes)


def host_memory() -> OrtMemoryInfo:
    return OrtMemoryInfo("Cpu", enums.OrtAllocatorType.ORT_DEVICE_ALLOCATOR, 0, enums.OrtMemType.DEFAULT)


_KINDS = {"gpu": enums.OrtHardwareDeviceType.GPU, "npu": enums.OrtHardwareDeviceType.NPU}


def _hardware(record: dict[str, Any]) -> OrtHardwareDevice:
    kind = _KINDS.get(str(record.get("kind", "")).lower(), enums.OrtHardwareDeviceType.CPU)
    facts = {key: str(value) for key, value in record.items() if isinstance(value, (str, int)) and key != "id"}
    number = record.get("id", 0)
    return OrtHardwareDevice(kind, str(record.get("vendor", "")), number if isinstance(number, int) else 0, facts)


def get_ep_devices() -> list[OrtEpDevice]:
    """One for each device of each provider that is found and loads, under the names of get_available_providers()."""
    found = []
    for provider in providers.environment().providers():
        name = providers.name_of(provider["id"])
        if provider["state"] == "loaded" and name is not None and not any(other.ep_name == name for other in found):
            for record in provider.get("devices", []):
                found.append(OrtEpDevice(name, provider.get("version", ""), _hardware(record)))
    return found


def get_hardware_devices() -> list[OrtHardwareDevice]:
    """The devices of get_ep_devices()."""
    return [device.device for device in get_ep_devices()]


def get_device() -> str:
    """``"CPU"``, or ``"GPU"`` when a provider has one."""
    if providers.available() == [providers.CPU]:
        return "CPU"  # without opening providers to ask for their devices
    kinds = {device.type for device in get_hardware_devices()}
    return "GPU" if enums.OrtHardwareDeviceType.GPU in kinds else "CPU"


def get_hardware_device_ep_incompatibility_details(ep_name: str, device: OrtHardwareDevice) -> dict[str, Any]:
    """An empty reason when the provider has the device; raises Fail when there is no such provider."""
    theirs = [other for other in get_ep_devices() if other.ep_name == ep_name]
    if not theirs:
        raise make(Fail, f"there is no provider '{ep_name}'; there are: {', '.join(providers.available())}")
    fits = any(other.device.type == device.type for other in theirs)
    reason = enums.OrtDeviceEpIncompatibilityReason
    return {
        "reasons_bitmask": int(reason.NONE if fits else reason.DEVICE_INCOMPATIBLE),
        "error_code": 0,
        "notes": "" if fits else f"{ep_name} has no device of this kind",
    }
