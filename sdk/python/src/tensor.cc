// SPDX-License-Identifier: Apache-2.0
#include "tensor.hpp"

#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstring>

namespace tenon::python {
namespace {

// What each dtype is to the buffer protocol; the formats that are missing need ml_dtypes or have no items of whole
// bytes.
constexpr const char* kFormats[TENON_DTYPE_COUNT] = {
    nullptr, "f", "B", "b", "H", "h", "i", "q", nullptr, "?", "e", "d", "I", "Q", "Zf", "Zd",
};

nb::tuple shape_of(const tenon_tensor& tensor) {
  nb::object shape = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(tensor.rank)));
  for (uint32_t axis = 0; axis < tensor.rank; ++axis) {
    PyTuple_SetItem(shape.ptr(), static_cast<Py_ssize_t>(axis), PyLong_FromLongLong(tensor.dims[axis]));
  }
  return nb::borrow<nb::tuple>(shape);
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  Tensor* tensor = nb::inst_ptr<Tensor>(self);
  tenon_tensor raw{};
  raw.size = sizeof raw;
  const char* format = nullptr;
  if (tenon_value_tensor(tensor->value().get(), &raw, nullptr) != TENON_OK) {
    PyErr_SetString(PyExc_BufferError, "this value is no tensor");
    return -1;
  }
  if (raw.dtype == TENON_STRING) {
    PyErr_SetString(PyExc_BufferError, "a tensor of strings has no buffer; use numpy()");
    return -1;
  }
  if ((flags & PyBUF_WRITABLE) != 0 && tensor->readonly()) {
    PyErr_SetString(PyExc_BufferError, "the tensor is over read-only memory");
    return -1;
  }
  if ((flags & PyBUF_ND) != 0 || (flags & PyBUF_FORMAT) != 0) {
    format = format_of_dtype(raw.dtype);
    if (format == nullptr && (flags & PyBUF_FORMAT) != 0) {
      // As bytes it would be taken for uint8; NumPy goes on to __array__.
      PyErr_SetString(PyExc_BufferError, "the buffer protocol has no format for this tensor's dtype; use numpy()");
      return -1;
    }
  }
  static std::byte nothing[8];
  const bool plain = format == nullptr;  // as bytes
  view->buf = raw.data != nullptr ? raw.data : nothing;
  view->obj = self;
  view->len = static_cast<Py_ssize_t>(raw.bytes);
  view->readonly = tensor->readonly() ? 1 : 0;
  view->itemsize = 1;
  view->format = nullptr;
  view->ndim = 1;
  view->shape = nullptr;
  view->strides = nullptr;
  view->suboffsets = nullptr;
  view->internal = nullptr;
  Py_ssize_t* extents = tensor->extents();
  if (raw.strides != nullptr && (flags & PyBUF_STRIDES) != PyBUF_STRIDES) {
    PyErr_SetString(PyExc_BufferError, "the tensor is strided");
    return -1;
  }
  if ((flags & PyBUF_FORMAT) != 0) {
    view->format = const_cast<char*>(format);
  }
  if ((flags & PyBUF_ND) != 0) {
    if (plain) {
      view->shape = &view->len;
      view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &view->itemsize : nullptr;
    } else {
      Py_ssize_t count = 1;
      for (uint32_t axis = 0; axis < raw.rank; ++axis) {
        count *= extents[axis];
      }
      view->ndim = static_cast<int>(raw.rank);
      view->itemsize = extents[2 * raw.rank];
      view->len = count * view->itemsize;
      view->shape = extents;
      view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? extents + raw.rank : nullptr;
    }
  }
  Py_INCREF(self);
  return 0;
}

PyType_Slot tensor_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)}, {0, nullptr}};

// DLPack's names of ONNX's dtypes; 0 bits: DLPack has none, or one that packs otherwise.
nb::dlpack::dtype dlpack_dtype(uint32_t dtype) {
  using Code = nb::dlpack::dtype_code;
  auto make = [](Code code, uint8_t bits) { return nb::dlpack::dtype{static_cast<uint8_t>(code), bits, 1}; };
  switch (dtype) {
    case TENON_FLOAT32:
      return make(Code::Float, 32);
    case TENON_FLOAT64:
      return make(Code::Float, 64);
    case TENON_FLOAT16:
      return make(Code::Float, 16);
    case TENON_BFLOAT16:
      return make(Code::Bfloat, 16);
    case TENON_INT8:
      return make(Code::Int, 8);
    case TENON_INT16:
      return make(Code::Int, 16);
    case TENON_INT32:
      return make(Code::Int, 32);
    case TENON_INT64:
      return make(Code::Int, 64);
    case TENON_UINT8:
      return make(Code::UInt, 8);
    case TENON_UINT16:
      return make(Code::UInt, 16);
    case TENON_UINT32:
      return make(Code::UInt, 32);
    case TENON_UINT64:
      return make(Code::UInt, 64);
    case TENON_BOOL:
      return make(Code::Bool, 8);
    case TENON_COMPLEX64:
      return make(Code::Complex, 64);
    case TENON_COMPLEX128:
      return make(Code::Complex, 128);
    default:
      return {};
  }
}

uint32_t dtype_of_dlpack(nb::dlpack::dtype type) {
  for (uint32_t dtype = 1; dtype < TENON_DTYPE_COUNT; ++dtype) {
    if (dlpack_dtype(dtype) == type) {
      return dtype;
    }
  }
  return TENON_UNDEFINED;
}

// DLPack's capsule over the tensor.
nb::object dlpack_view(nb::handle self) {
  Tensor& tensor = nb::cast<Tensor&>(self);
  const tenon_tensor raw = tensor.value().tensor();
  const nb::dlpack::dtype type = dlpack_dtype(raw.dtype);
  if (type.bits == 0) {
    throw nb::type_error("DLPack has no dtype for this tensor; use numpy()");
  }
  size_t shape[TENON_MAX_RANK];
  int64_t strides[TENON_MAX_RANK];
  const Py_ssize_t* extents = tensor.extents();
  const int64_t item = std::max<int64_t>(1, (type.bits + 7) / 8);
  for (uint32_t axis = 0; axis < raw.rank; ++axis) {
    shape[axis] = static_cast<size_t>(raw.dims[axis]);
    strides[axis] = extents[raw.rank + axis] / item;
  }
  return nb::cast(nb::ndarray<>(raw.data, raw.rank, shape, self, strides, type), nb::rv_policy::reference);
}

bool over_dlpack(nb::handle object, Tensor* out) {
  if (!nb::hasattr(object, "__dlpack__")) {
    return false;
  }
  // One that may be written is asked for first: what can only be read stays so.
  nb::ndarray<nb::device::cpu> writable;
  nb::ndarray<nb::ro, nb::device::cpu> array;
  const bool readonly = !nb::try_cast(object, writable, false);
  if (!readonly) {
    array = nb::ndarray<nb::ro, nb::device::cpu>(writable);
  } else if (!nb::try_cast(object, array, false)) {
    return false;
  }
  const uint32_t dtype = dtype_of_dlpack(array.dtype());
  if (dtype == TENON_UNDEFINED) {
    return false;
  }
  int64_t dims[TENON_MAX_RANK], strides[TENON_MAX_RANK];
  const size_t rank = std::min<size_t>(array.ndim(), TENON_MAX_RANK);
  const int64_t item = std::max<int64_t>(1, (array.dtype().bits + 7) / 8);
  uint64_t bytes = static_cast<uint64_t>(item);
  for (size_t axis = 0; axis < rank; ++axis) {
    dims[axis] = static_cast<int64_t>(array.shape(axis));
    strides[axis] = array.stride(axis) * item;
    if (dims[axis] == 0) {
      bytes = 0;
    } else if (bytes != 0 && strides[axis] > 0) {
      bytes += static_cast<uint64_t>((dims[axis] - 1) * strides[axis]);
    }
  }
  tenon_tensor raw{};
  raw.size = sizeof raw;
  raw.dtype = dtype;
  raw.rank = static_cast<uint32_t>(rank);
  raw.dims = dims;
  raw.strides = strides;
  raw.bytes = bytes;
  raw.data = const_cast<void*>(array.data());
  tenon_value* value = nullptr;
  detail::check(tenon_value_wrap, &raw, &value);
  *out = Tensor(Value(value), readonly ? nb::cast(array) : nb::cast(writable), readonly);
  return true;
}

}  // namespace

Tensor::~Tensor() {
  if (view_ != nullptr && view_->obj != nullptr) {
    PyBuffer_Release(view_.get());
  }
}

Py_ssize_t* Tensor::extents() {
  if (extents_ == nullptr) {
    const tenon_tensor raw = value_.tensor();
    extents_ = std::make_unique<Py_ssize_t[]>(2 * size_t{raw.rank} + 1);
    const char* format = format_of_dtype(raw.dtype);
    Py_ssize_t item = 1;
    if (format != nullptr) {
      for (const nb::dlpack::dtype type = dlpack_dtype(raw.dtype); type.bits > 8 * item;) {
        item *= 2;
      }
    } else if (raw.dtype == TENON_BFLOAT16) {
      item = 2;
    }
    extents_[2 * raw.rank] = item;
    Py_ssize_t dense = item;
    for (uint32_t axis = raw.rank; axis-- > 0;) {
      extents_[axis] = raw.dims[axis];
      extents_[raw.rank + axis] = raw.strides != nullptr ? raw.strides[axis] : dense;
      dense *= raw.dims[axis];
    }
  }
  return extents_.get();
}

const char* format_of_dtype(uint32_t dtype) { return dtype < TENON_DTYPE_COUNT ? kFormats[dtype] : nullptr; }

uint32_t dtype_of_format(const char* format, Py_ssize_t itemsize) {
  if (format == nullptr) {
    return TENON_UINT8;
  }
  if (*format == '@' || *format == '=' || *format == '<') {
    ++format;  // the machine is little-endian
  }
  if (format[0] == 'Z') {
    return format[1] == 'f' ? TENON_COMPLEX64 : format[1] == 'd' ? TENON_COMPLEX128 : TENON_UNDEFINED;
  }
  if (format[0] == '\0' || format[1] != '\0') {
    return TENON_UNDEFINED;
  }
  auto sized = [itemsize](uint32_t one, uint32_t two, uint32_t four, uint32_t eight) {
    switch (itemsize) {
      case 1:
        return one;
      case 2:
        return two;
      case 4:
        return four;
      case 8:
        return eight;
      default:
        return uint32_t{TENON_UNDEFINED};
    }
  };
  switch (format[0]) {
    case 'f':
      return TENON_FLOAT32;
    case 'd':
      return TENON_FLOAT64;
    case 'e':
      return TENON_FLOAT16;
    case '?':
      return TENON_BOOL;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
      return sized(TENON_INT8, TENON_INT16, TENON_INT32, TENON_INT64);
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
      return sized(TENON_UINT8, TENON_UINT16, TENON_UINT32, TENON_UINT64);
    default:
      return TENON_UNDEFINED;
  }
}

bool Tensor::over_buffer(nb::handle object, Tensor* out) {
  if (PyObject_CheckBuffer(object.ptr()) == 0 || nb::isinstance<Tensor>(object)) {
    return false;  // a Tensor knows its dtype better than its buffer's format can say
  }
  auto view = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(object.ptr(), view.get(), PyBUF_FULL_RO) != 0) {
    PyErr_Clear();  // NumPy: a dtype that the protocol has no format for
    return false;
  }
  const uint32_t dtype = dtype_of_format(view->format, view->itemsize);
  if (dtype == TENON_UNDEFINED || view->ndim > TENON_MAX_RANK || view->suboffsets != nullptr) {
    PyBuffer_Release(view.get());
    return false;
  }
  tenon_tensor raw{};
  raw.size = sizeof raw;
  raw.dtype = dtype;
  raw.rank = static_cast<uint32_t>(view->ndim);
  static_assert(sizeof(Py_ssize_t) == sizeof(int64_t));
  raw.dims = reinterpret_cast<const int64_t*>(view->shape);
  raw.data = view->buf;
  raw.bytes = static_cast<uint64_t>(view->len);
  int64_t flat = view->len;
  if (view->ndim > 0 && view->shape == nullptr) {
    raw.rank = 1;
    raw.dims = &flat;
  } else if (view->ndim > 0 && PyBuffer_IsContiguous(view.get(), 'C') == 0) {
    raw.strides = reinterpret_cast<const int64_t*>(view->strides);
    uint64_t reach = static_cast<uint64_t>(view->itemsize);
    for (int axis = 0; axis < view->ndim; ++axis) {
      if (view->strides[axis] > 0 && view->shape[axis] > 0) {
        reach += static_cast<uint64_t>(view->strides[axis] * (view->shape[axis] - 1));
      }
    }
    raw.bytes = reach;
  }
  tenon_value* value = nullptr;
  try {
    detail::check(tenon_value_wrap, &raw, &value);
  } catch (...) {
    PyBuffer_Release(view.get());
    throw;
  }
  out->value_ = Value(value);
  out->owner_ = nb::object();
  out->readonly_ = false;
  out->view_ = std::move(view);
  out->extents_.reset();
  return true;
}

namespace {

// `object` as a Tensor over its own memory, or null where it has none that ONNX has a dtype for.
Tensor* over_own_memory(nb::handle object, nb::object* holder) {
  Tensor* existing = nullptr;
  if (nb::try_cast(object, existing, false) && existing != nullptr) {
    *holder = nb::borrow(object);
    return existing;
  }
  Tensor made;
  if (Tensor::over_buffer(object, &made) || over_dlpack(object, &made)) {
    *holder = nb::cast(std::move(made));
    return nb::cast<Tensor*>(*holder);
  }
  return nullptr;
}

}  // namespace

Tensor* as_tensor(nb::handle object, uint32_t dtype, const char* name, nb::object* holder) {
  if (Tensor* tensor = over_own_memory(object, holder)) {
    return tensor;
  }
  *holder = imports().to_tensor(object, dtype, name);
  return nb::cast<Tensor*>(*holder);
}

Tensor* as_output(nb::handle object, uint32_t dtype, const char* name, nb::object* holder) {
  const std::string what = std::string("output '") + name + "' cannot be written into what was given: ";
  Tensor* tensor = over_own_memory(object, holder);
  if (tensor == nullptr && nb::isinstance(object, imports().ndarray)) {
    *holder = imports().to_tensor(object, dtype, name);  // bfloat16 and float8 are read where they are
    tensor = nb::cast<Tensor*>(*holder);
    if (nb::cast<uintptr_t>(object.attr("ctypes").attr("data")) !=
        reinterpret_cast<uintptr_t>(tensor->value().tensor().data)) {
      tensor = nullptr;
    }
  }
  if (tensor == nullptr) {
    throw Error(TENON_INVALID_ARGUMENT,
                what + "wanted is a dense array of whole items in native byte order, or a Tensor");
  }
  if (tensor->readonly()) {
    throw Error(TENON_INVALID_ARGUMENT, what + "it is read-only");
  }
  return tensor;
}

namespace {

nb::object array_over(nb::handle tensor) {
  const tenon_tensor raw = nb::cast<Tensor&>(tensor).value().tensor();
  if (raw.strides != nullptr || format_of_dtype(raw.dtype) == nullptr) {
    return imports().from_tensor(tensor);
  }
  return imports().ndarray(shape_of(raw), imports().dtypes[raw.dtype], tensor);
}

nb::list strings_of(const Value& value) {
  const tenon_tensor raw = value.tensor();
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < raw.rank; ++axis) {
    count *= static_cast<uint64_t>(raw.dims[axis]);
  }
  nb::list all;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string text = value.string_at(i);
    all.append(nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace")));
  }
  return all;
}

}  // namespace

nb::object to_numpy(Value value) { return array_over(nb::cast(Tensor(std::move(value)))); }

void register_tensor(nb::module_& m) {
  nb::class_<Tensor>(
      m, "Tensor", nb::type_slots(tensor_slots),
      "A tensor of any ONNX dtype over shared memory.\n\n"
      "Reads and writes through the buffer protocol, DLPack and numpy() see the same bytes. Safe to hand to\n"
      "runs on several threads; a run must not write into a tensor that another reads.")
      .def(
          "__init__",
          [](Tensor* self, nb::handle object, uint32_t dtype) {
            nb::object holder;
            Tensor* other = as_tensor(object, dtype, "tensor", &holder);
            new (self) Tensor(other->value(), holder, other->readonly());
          },
          nb::arg("object"), nb::arg("dtype") = 0,
          "Over the memory of `object` where it has some that ONNX has a dtype for (buffer protocol, DLPack on the "
          "host);\n"
          "else a copy of it (lists, strings, 4-bit types). dtype: ONNX's number, for objects that have none.")
      .def_static(
          "wrap",
          [](nb::handle object, uint32_t dtype, const std::vector<int64_t>& dims) {
            Tensor bytes;
            if (!Tensor::over_buffer(object, &bytes)) {
              throw nb::type_error("not a buffer");
            }
            const tenon_tensor raw = bytes.value().tensor();
            Value value = Value::wrap_bytes(dtype, raw.data, raw.bytes, dims);
            const bool readonly = bytes.readonly();
            return Tensor(std::move(value), nb::cast(std::move(bytes)), readonly);
          },
          nb::arg("buffer"), nb::arg("dtype"), nb::arg("dims"),
          "Over the bytes of `buffer` (dense), read as elements of ONNX's dtype number `dtype`.")
      .def_static(
          "create", [](uint32_t dtype, const std::vector<int64_t>& dims) { return Tensor(Value::create(dtype, dims)); },
          nb::arg("dtype"), nb::arg("dims"), "Zeroed, in Tenon's memory. dtype: ONNX's number.")
      .def_static(
          "strings",
          [](const std::vector<std::string>& strings, const std::vector<int64_t>& dims) {
            return Tensor(Value::strings(strings, dims));
          },
          nb::arg("strings"), nb::arg("dims"), "A copy of the strings, row-major.")
      .def_prop_ro("shape", [](const Tensor& self) { return shape_of(self.value().tensor()); })
      .def_prop_ro(
          "dtype_number", [](const Tensor& self) { return self.value().dtype(); }, "ONNX's number.")
      .def_prop_ro(
          "dtype", [](const Tensor& self) { return imports().dtypes[self.value().dtype()]; },
          "NumPy's dtype (ml_dtypes' for bfloat16, float8 and the packed types; object for strings).")
      .def_prop_ro(
          "nbytes", [](const Tensor& self) { return self.value().tensor().bytes; }, "Bytes of its memory.")
      .def_prop_ro(
          "address", [](const Tensor& self) { return reinterpret_cast<uintptr_t>(self.value().tensor().data); },
          "Of the first element.")
      .def(
          "numpy", [](nb::handle self) { return array_over(self); },
          "A NumPy array over the same memory; a copy for strings and packed dtypes.")
      .def(
          "__array__",
          [](nb::handle self, nb::object dtype, nb::object copy) {
            const nb::object over = array_over(self);
            const nb::object array = dtype.is_none() ? over : over.attr("astype")(dtype, nb::arg("copy") = false);
            if (copy.is_none()) {
              return array;
            }
            const tenon_tensor raw = nb::cast<Tensor&>(self).value().tensor();
            const bool same_memory = array.is(over) && reinterpret_cast<uintptr_t>(raw.data) ==
                                                           nb::cast<uintptr_t>(array.attr("ctypes").attr("data"));
            if (!nb::cast<bool>(copy) && !same_memory) {
              throw nb::value_error("this tensor cannot be an array of that dtype without a copy");
            }
            return nb::cast<bool>(copy) && same_memory ? nb::object(array.attr("copy")()) : array;
          },
          nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def(
          "__dlpack__",
          [](nb::handle self, nb::handle, nb::handle, nb::handle, nb::handle copy) {
            if (nb::cast<Tensor&>(self).readonly() && (copy.is_none() || !nb::cast<bool>(copy))) {
              throw nb::builtin_exception(nb::exception_type::buffer_error, "the tensor is over read-only memory");
            }
            if (!copy.is_none() && nb::cast<bool>(copy)) {
              return nb::object(self.attr("numpy")().attr("copy")().attr("__dlpack__")());
            }
            return dlpack_view(self);
          },
          nb::kw_only(), nb::arg("stream").none() = nb::none(), nb::arg("max_version").none() = nb::none(),
          nb::arg("dl_device").none() = nb::none(), nb::arg("copy").none() = nb::none(),
          "DLPack's capsule over the same memory, on the host.")
      .def("__dlpack_device__", [](nb::handle) { return nb::make_tuple(1, 0); })
      .def("__len__",
           [](const Tensor& self) {
             const tenon_tensor raw = self.value().tensor();
             if (raw.rank == 0) {
               throw nb::type_error("a tensor without axes has no length");
             }
             return raw.dims[0];
           })
      .def("__repr__",
           [](const Tensor& self) {
             nb::object dtype = imports().dtypes[self.value().dtype()];
             return nb::str("<tenon.Tensor {} {}>").format(dtype, shape_of(self.value().tensor()));
           })
      .def(
          "string_list", [](const Tensor& self) { return strings_of(self.value()); },
          "The elements of a tensor of strings, row-major.");
}

}  // namespace tenon::python
