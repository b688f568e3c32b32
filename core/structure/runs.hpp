// SPDX-License-Identifier: Apache-2.0
// One function for each kind of structure step; run_structure chooses.
#pragma once

#include "core/structure/object_call.hpp"

namespace tenon {

// If: one of two bodies runs and lends its outputs.
Status run_branch(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);
// Loop: up to a number of iterations, as long as the condition holds. Values that it carries along may change their
// dims; what each iteration adds to a scan output may not.
Status run_loop(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);
// Scan: one iteration for each slice of its scan inputs.
Status run_scan(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);
// SequenceMap: one iteration for each element of its first input.
Status run_sequence_map(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);
// Sequences and optionals: sequences.cc.
Status run_object(Frame* frame, const Segment& segment, Step* step);
// Of those ai.onnx.ml's over maps: maps.cc.
Status zip_map(const ObjectCall& call);
Status dict_vectorizer(const ObjectCall& call);

}  // namespace tenon
