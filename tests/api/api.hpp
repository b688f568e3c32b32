// SPDX-License-Identifier: Apache-2.0
// tenon.h with GoogleTest's words.
#pragma once

#include <gtest/gtest.h>
#include <tenon/tenon.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/api/model_builder.hpp"

namespace api_test {

inline tenon_string str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string text(tenon_string from) { return std::string(from.data, from.len); }

struct Release {
  void operator()(tenon_env* env) const { tenon_env_release(env); }
  void operator()(tenon_session* session) const { tenon_session_release(session); }
  void operator()(tenon_session_options* options) const { tenon_session_options_release(options); }
  void operator()(tenon_value* value) const { tenon_value_release(value); }
  void operator()(tenon_run_options* options) const { tenon_run_options_release(options); }
  void operator()(tenon_text* made) const { tenon_text_release(made); }
};
template <typename T>
using Owned = std::unique_ptr<T, Release>;

struct Status : tenon_status {
  Status() : tenon_status{} { size = sizeof(tenon_status); }
};

inline Owned<tenon_value> floats(std::vector<float>* data, const std::vector<int64_t>& dims,
                                 const std::vector<int64_t>& strides = {}, size_t first = 0) {
  tenon_tensor tensor = {};
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_FLOAT32;
  tensor.rank = static_cast<uint32_t>(dims.size());
  tensor.dims = dims.data();
  tensor.strides = strides.empty() ? nullptr : strides.data();
  tensor.data = data->data() + first;
  tensor.bytes = (data->size() - first) * sizeof(float);
  tenon_value* value = nullptr;
  Status status;
  EXPECT_EQ(tenon_value_wrap(&tensor, &value, &status), TENON_OK) << status.msg;
  return Owned<tenon_value>(value);
}

inline std::vector<float> read(const tenon_value* value) {
  tenon_tensor tensor = {};
  EXPECT_EQ(tenon_value_tensor(value, &tensor, nullptr), TENON_OK);
  const auto* data = static_cast<const float*>(tensor.data);
  return data == nullptr ? std::vector<float>() : std::vector<float>(data, data + tensor.bytes / sizeof(float));
}

// The providers beside the library under test.
class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    tenon_env* env = nullptr;
    Status status;
    ASSERT_EQ(tenon_env_create(nullptr, &env, &status), TENON_OK) << status.msg;
    env_.reset(env);
    tenon_session_options* options = nullptr;
    ASSERT_EQ(tenon_session_options_create(&options, &status), TENON_OK);
    options_.reset(options);
    // The living definition of the operators: what is tested here is the host around it.
    ASSERT_EQ(tenon_session_options_add_provider(options, TENON_STR("reference"), nullptr, nullptr, 0, nullptr),
              TENON_OK);
  }

  int32_t set(std::string_view name, std::string_view value) {
    return tenon_session_options_set(options_.get(), str(name), str(value), &status_);
  }

  int32_t try_load(const std::string& model) {
    tenon_session* session = nullptr;
    const int32_t code = tenon_session_create_from_bytes(env_.get(), model.data(), model.size(), 0, str(""),
                                                         options_.get(), &session, &status_);
    session_.reset(session);
    return code;
  }
  void load(const std::string& model) { ASSERT_EQ(try_load(model), TENON_OK) << status_.msg; }

  int32_t run(const std::vector<tenon_value*>& inputs, std::vector<tenon_value*>* outputs,
              const tenon_run_options* options = nullptr, const uint8_t* wanted = nullptr) {
    return tenon_session_run(session_.get(), options, inputs.data(), static_cast<uint32_t>(inputs.size()),
                             outputs->data(), static_cast<uint32_t>(outputs->size()), wanted, &status_);
  }

  // Output 0 of a run with outputs made by the library; releases them all.
  std::vector<float> answer(const std::vector<tenon_value*>& inputs, size_t outputs = 1) {
    std::vector<tenon_value*> made(outputs, nullptr);
    EXPECT_EQ(run(inputs, &made), TENON_OK) << status_.msg;
    std::vector<float> first = made[0] == nullptr ? std::vector<float>() : read(made[0]);
    for (tenon_value* value : made) {
      tenon_value_release(value);
    }
    return first;
  }

  std::string fields_value() {
    tenon_error_fields fields = {};
    fields.size = sizeof fields;
    tenon_last_error_fields(&fields);
    return text(fields.value);
  }

  Owned<tenon_env> env_;
  Owned<tenon_session_options> options_;
  Owned<tenon_session> session_;
  Status status_;
};

}  // namespace api_test
