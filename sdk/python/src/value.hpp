// SPDX-License-Identifier: Apache-2.0
// Values that are not tensors: sequences are lists, maps are dicts, an optional is its value or None.
#pragma once

#include <string_view>

#include "tensor.hpp"

namespace tenon::python {

// `object` as a value of type `type` ("seq(tensor(float32))", as tenon_io says). name: of the input, for messages. What
// must live as long as the value is appended to `held`.
Value as_value(nb::handle object, std::string_view type, const std::string& name, std::vector<nb::object>* held);

// What a run made: a NumPy array, a list, a dict, or None. Scalars in maps become Python's numbers and strings.
nb::object to_python(Value value);

}  // namespace tenon::python
