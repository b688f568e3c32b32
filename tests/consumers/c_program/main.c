/* SPDX-License-Identifier: Apache-2.0 */
/* A C program that knows only what is installed: runs MODEL (one float input x of [2, 3]) and prints the output. */
#include <stdio.h>
#include <string.h>
#include <tenon/tenon.h>

static int fail(const tenon_status* status) {
  fprintf(stderr, "%s: %s\n", tenon_code_name(status->code), status->msg);
  return 1;
}

int main(int argc, char** argv) {
  tenon_status status = {sizeof status, 0, 0, 0, 0, 0, {0}};
  tenon_env* env = NULL;
  tenon_session* session = NULL;
  tenon_value *input = NULL, *output = NULL;
  float x[6] = {-3, -2, -1, 1, 2, 3};
  int64_t dims[2] = {2, 3};
  tenon_tensor tensor;
  if (argc != 2) {
    return 2;
  }
  memset(&tensor, 0, sizeof tensor);
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_FLOAT32;
  tensor.rank = 2;
  tensor.dims = dims;
  tensor.bytes = sizeof x;
  tensor.data = x;
  tenon_string path = {argv[1], strlen(argv[1])};
  if (tenon_env_create(NULL, &env, &status) || tenon_session_create(env, path, NULL, &session, &status) ||
      tenon_value_wrap(&tensor, &input, &status)) {
    return fail(&status);
  }
  const tenon_value* inputs[1] = {input};
  if (tenon_session_run(session, NULL, inputs, 1, &output, 1, NULL, &status)) {
    return fail(&status);
  }
  tensor.size = sizeof tensor;
  if (tenon_value_tensor(output, &tensor, &status)) {
    return fail(&status);
  }
  for (int i = 0; i < 6; ++i) {
    printf("%g ", ((const float*)tensor.data)[i]);
  }
  tenon_string line = tenon_session_placement_line(session);
  printf("\n%.*s\n", (int)line.len, line.data);
  tenon_value_release(output);
  tenon_value_release(input);
  tenon_session_release(session);
  tenon_env_release(env);
  return 0;
}
