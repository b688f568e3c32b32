/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overhead of a run, from C: chain MODEL RUNS NAME=VALUE... runs a model with one [1, 16] float input RUNS times in
 * bursts of 100 with bound memory, and prints the least and the median time of a run in nanoseconds.
 * NAME=VALUE are session options; provider=ID names a provider; threads=N is the pool's size.
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>
#include <time.h>

enum { BURST = 100, WIDTH = 16 };

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static void check(int32_t code, const tenon_status* status) {
  if (code != TENON_OK) {
    fprintf(stderr, "%s: %s\n", tenon_code_name(code), status->msg);
    exit(1);
  }
}

static tenon_value* wrap(float* data) {
  static const int64_t dims[2] = {1, WIDTH};
  tenon_status status = {sizeof status, 0, 0, 0, 0, 0, {0}};
  tenon_tensor tensor;
  tenon_value* value = NULL;
  memset(&tensor, 0, sizeof tensor);
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_FLOAT32;
  tensor.rank = 2;
  tensor.dims = dims;
  tensor.bytes = WIDTH * sizeof(float);
  tensor.data = data;
  check(tenon_value_wrap(&tensor, &value, &status), &status);
  return value;
}

static tenon_session* load(int argc, char** argv, tenon_env** env) {
  tenon_status status = {sizeof status, 0, 0, 0, 0, 0, {0}};
  tenon_session_options* options = NULL;
  tenon_session* session = NULL;
  tenon_env_desc desc;
  memset(&desc, 0, sizeof desc);
  desc.size = sizeof desc;
  check(tenon_session_options_create(&options, &status), &status);
  for (int i = 3; i < argc; ++i) {
    char* equals = strchr(argv[i], '=');
    if (equals == NULL) {
      fprintf(stderr, "'%s' is not NAME=VALUE\n", argv[i]);
      exit(2);
    }
    tenon_string name = {argv[i], (uint64_t)(equals - argv[i])}, value = {equals + 1, strlen(equals + 1)};
    if (strncmp(argv[i], "provider=", 9) == 0) {
      check(tenon_session_options_add_provider(options, value, NULL, NULL, 0, &status), &status);
    } else if (strncmp(argv[i], "threads=", 8) == 0) {
      desc.threads = (uint32_t)atoi(equals + 1);
    } else {
      check(tenon_session_options_set(options, name, value, &status), &status);
    }
  }
  tenon_string path = {argv[1], strlen(argv[1])};
  check(tenon_env_create(&desc, env, &status), &status);
  check(tenon_session_create(*env, path, options, &session, &status), &status);
  tenon_session_options_release(options);
  return session;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "chain MODEL RUNS [NAME=VALUE...]\n");
    return 2;
  }
  tenon_status status = {sizeof status, 0, 0, 0, 0, 0, {0}};
  tenon_env* env = NULL;
  tenon_session* session = load(argc, argv, &env);
  float x[WIDTH], y[WIDTH];
  for (int i = 0; i < WIDTH; ++i) {
    x[i] = (float)i / WIDTH;
  }
  tenon_value *in = wrap(x), *out = wrap(y);
  const tenon_value* inputs[1] = {in};
  tenon_value* outputs[1] = {out};
  int bursts = atoi(argv[2]) / BURST + 1;
  double* times = malloc((size_t)bursts * sizeof *times);
  for (int b = -1; b < bursts; ++b) { /* the first burst warms up */
    double start = now_ns();
    for (int i = 0; i < BURST; ++i) {
      check(tenon_session_run(session, NULL, inputs, 1, outputs, 1, NULL, &status), &status);
    }
    if (b >= 0) {
      times[b] = (now_ns() - start) / BURST;
    }
  }
  qsort(times, (size_t)bursts, sizeof *times, by_size);
  tenon_string line = tenon_session_placement_line(session);
  printf("{\"min_ns\": %.0f, \"median_ns\": %.0f, \"placement\": \"%.*s\"}\n", times[0], times[bursts / 2],
         (int)line.len, line.data);
  free(times);
  tenon_value_release(in);
  tenon_value_release(out);
  tenon_session_release(session);
  tenon_env_release(env);
  return 0;
}
