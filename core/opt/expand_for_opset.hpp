// SPDX-License-Identifier: Apache-2.0
// Before a model is written for an opset: operators that it does not have, by others.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"

namespace tenon {

// Takes nodes apart that have no exact form in `opset` of ai.onnx and are made of others: into what a pass raised them
// from, else into their function bodies, in bodies and parts of parts, too. `expanded` counts them by operator; when
// there are any, types are inferred anew. Nodes that can't be written at all stay as they are. infer_model must have
// run.
Status expand_for_opset(Model* model, uint32_t opset, const onnx_facts::CustomLookup* custom,
                        std::map<std::string, uint64_t>* expanded);

}  // namespace tenon
