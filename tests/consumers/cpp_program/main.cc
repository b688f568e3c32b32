// SPDX-License-Identifier: Apache-2.0
// A C++ program that knows only what is installed: runs MODEL (one float input x of [2, 3]) and prints the output; a
// model that is not there is an error with a code.
#include <cstdio>
#include <tenon/tenon.hpp>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  tenon::Env env;
  try {
    tenon::Session missing(env, "no-such-model.onnx");
    return 1;
  } catch (const tenon::Error& error) {
    std::printf("%s\n", error.code_name());
  }
  tenon::Session session(env, argv[1]);
  std::vector<float> x{-3, -2, -1, 1, 2, 3};
  std::vector<tenon::Value> outputs = session.run({tenon::Value::wrap(x, {2, 3})});
  for (float y : outputs[0].data<float>()) {
    std::printf("%g ", static_cast<double>(y));
  }
  std::printf("\n%s\n", session.placement_line().c_str());
  return 0;
}
