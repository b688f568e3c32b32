# What nanobind's stubgen cannot know of the extension's types: the stub tenon/_tenon.pyi is made with this file.
_tenon.__prefix__:
    from typing import Any
    import numpy
    from numpy.typing import NDArray

_tenon._connect:
    def _connect(ndarray: type, dtypes: object, to_tensor: object, from_tensor: object, raise_error: object, log: object, main_thread: int) -> None: ...

_tenon.Tensor.shape:
    @property
    def shape(self) -> tuple[int, ...]: ...

_tenon.Tensor.dtype$:
    @property
    def dtype(self) -> numpy.dtype[Any]:
        \doc

_tenon.Tensor.numpy:
    def numpy(self) -> NDArray[Any]:
        \doc

_tenon.Tensor.__array__:
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]: ...

_tenon.Tensor.__dlpack__:
    def __dlpack__(self, *, stream: Any = None, max_version: tuple[int, int] | None = None, dl_device: tuple[int, int] | None = None, copy: bool | None = None) -> Any:
        \doc

_tenon.Tensor.__dlpack_device__:
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

_tenon.Tensor.string_list:
    def string_list(self) -> list[str]:
        \doc

_tenon.Session.run:
    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any], run_options: RunOptions | None = None, out: dict[str, Any] | None = None) -> list[Any]:
        \doc

_tenon.Session.describe_(inputs|outputs):
    def describe_\1(self) -> list[dict[str, Any]]: ...

_tenon.IOBinding.__init__:
    def __init__(self, session: Session) -> None: ...

_tenon.IOBinding.bind_input:
    def bind_input(self, name: str, value: Any) -> None:
        \doc

_tenon.IOBinding.bind_output:
    def bind_output(self, name: str, value: Any = None) -> None:
        \doc

_tenon.IOBinding.get_outputs:
    def get_outputs(self) -> list[Any]:
        \doc
