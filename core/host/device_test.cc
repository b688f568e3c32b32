// SPDX-License-Identifier: Apache-2.0
// Device memory, copies between two providers, timelines, custom operators.
#include "core/host/device.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <mutex>

#include "core/host/custom_operators.hpp"
#include "core/host/test_provider.hpp"

namespace tenon {
namespace {

using testing_host::TestProvider;

// A provider with memory of its own: handles are numbers, bytes are kept inverted so that a copy that went around the
// provider would be seen.
struct OwnMemory {
  TestProvider fake;
  std::map<uint64_t, std::vector<uint8_t>> blocks;
  uint64_t last = 0;
  uint64_t reached = 0;
  int32_t poison = TENON_OK;
  int copies = 0;

  static OwnMemory& of(void* self) {
    return *reinterpret_cast<OwnMemory*>(static_cast<TestProvider*>(self));  // `fake` is the first member
  }
  static uint64_t handle(tenon_mem* memory) { return reinterpret_cast<uint64_t>(memory); }
  uint8_t* device_bytes(const tenon_tensor& tensor) { return blocks.at(handle(tensor.memory)).data() + tensor.offset; }

  void transfer(const tenon_copy& copy) {
    ++copies;
    std::vector<uint8_t> bytes(copy.dst->bytes);
    const uint8_t* from =
        copy.src->memory != nullptr ? device_bytes(*copy.src) : static_cast<const uint8_t*>(copy.src->data);
    uint8_t* to = copy.dst->memory != nullptr ? device_bytes(*copy.dst) : static_cast<uint8_t*>(copy.dst->data);
    const bool flip = (copy.src->memory != nullptr) != (copy.dst->memory != nullptr);
    for (size_t i = 0; i < bytes.size(); ++i) {
      to[i] = static_cast<uint8_t>(flip ? ~from[i] : from[i]);
    }
    if (copy.nsignals > 0) {
      reached = copy.signals[0].value;
    }
  }

  OwnMemory() {
    fake.device.nmemory_kinds = 2;
    fake.kinds[1].name = abi_string("own");
    fake.kinds[1].alignment = 256;
    fake.table.mem_alloc = [](void* self, const tenon_mem_desc* desc, tenon_mem** out, tenon_status* status) {
      if (desc->bytes > 1000) {
        return Status(TENON_OUT_OF_MEMORY, "the device is full").write(status);
      }
      OwnMemory& own = of(self);
      own.blocks[++own.last].resize(desc->bytes);
      *out = reinterpret_cast<tenon_mem*>(own.last);
      return TENON_OK;
    };
    fake.table.mem_free = [](void* self, tenon_mem* memory) { of(self).blocks.erase(handle(memory)); };
    fake.table.copy = [](void* self, const tenon_copy* copy, tenon_status*) {
      of(self).transfer(*copy);
      return TENON_OK;
    };
    fake.table.sync_create = [](void*, uint32_t, tenon_sync** out, uint32_t* kind, tenon_status*) {
      *out = reinterpret_cast<tenon_sync*>(uint64_t{1});
      *kind = 5;
      return TENON_OK;
    };
    fake.table.sync_wait = [](void* self, tenon_sync*, uint64_t value, uint64_t, tenon_status* status) {
      if (of(self).poison != TENON_OK) {
        return Status(of(self).poison, "poisoned").write(status);
      }
      return of(self).reached >= value ? TENON_OK : TENON_DEADLINE;
    };
    fake.table.sync_signal = [](void* self, tenon_sync*, uint64_t value, tenon_status*) {
      of(self).reached = value;
      return TENON_OK;
    };
    fake.table.sync_destroy = [](void*, tenon_sync*) {};
  }
};

const int64_t kDims[] = {8};

tenon_tensor bytes_of(void* data, tenon_mem* memory = nullptr) {
  tenon_tensor tensor{};
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_UINT8;
  tensor.rank = 1;
  tensor.dims = kDims;
  tensor.bytes = 8;
  tensor.data = data;
  tensor.memory = memory;
  return tensor;
}

TEST(DeviceMemory, a_copy_between_two_providers_goes_through_the_host) {
  OwnMemory a, b;
  a.fake.info.features = TENON_FEATURE_ASYNC;  // its copy is waited for
  const auto pa = std::move(*a.fake.accept()), pb = std::move(*b.fake.accept());
  {
    const auto in_a = std::move(*DeviceBuffer::allocate(*pa, 0, 1, 8, 1));
    const auto in_b = std::move(*DeviceBuffer::allocate(*pb, 0, 1, 8, 1));
    char source[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8] = {};
    const tenon_tensor host = bytes_of(source), first = bytes_of(nullptr, in_a.memory()),
                       second = bytes_of(nullptr, in_b.memory()), result = bytes_of(back);
    ASSERT_TRUE(copy_now({&host}, {&first, pa.get(), 0}, nullptr).ok());
    EXPECT_NE(a.blocks.begin()->second[0], 1);
    ASSERT_TRUE(copy_now({&first, pa.get(), 0}, {&second, pb.get(), 0}, nullptr).ok());
    ASSERT_TRUE(copy_now({&second, pb.get(), 0}, {&result}, nullptr).ok());
    EXPECT_EQ(std::memcmp(source, back, 8), 0);
    EXPECT_EQ(a.copies, 2);
    EXPECT_EQ(b.copies, 2);
    a.poison = TENON_DEVICE_LOST;
    EXPECT_EQ(copy_now({&host}, {&first, pa.get(), 0}, nullptr).code(), TENON_DEVICE_LOST);
  }
  EXPECT_TRUE(a.blocks.empty());
  EXPECT_TRUE(b.blocks.empty());
}

TEST(DeviceMemory, errors_are_the_providers_words) {
  OwnMemory a;
  const auto provider = std::move(*a.fake.accept());
  const auto full = DeviceBuffer::allocate(*provider, 0, 1, 5000, 1);
  EXPECT_EQ(full.status().code(), TENON_OUT_OF_MEMORY);
  EXPECT_NE(full.status().message().find("the device is full"), std::string::npos);
  EXPECT_FALSE(DeviceBuffer::allocate(*provider, 0, 9, 8, 1).ok());
  auto buffer = std::move(*DeviceBuffer::allocate(*provider, 0, 1, 8, 1));
  EXPECT_EQ(buffer.map().status().code(), TENON_UNSUPPORTED);
}

TEST(DeviceMemory, timelines_count_up) {
  OwnMemory a;
  const auto provider = std::move(*a.fake.accept());
  const auto timeline = std::move(*Timeline::create(*provider, 0));
  EXPECT_EQ(timeline->kind(), 5u);
  EXPECT_EQ(timeline->next(), 1u);
  EXPECT_EQ(timeline->next(), 2u);
  EXPECT_EQ(timeline->wait(2, 0).code(), TENON_DEADLINE);
  EXPECT_TRUE(timeline->signal(2).ok());
  EXPECT_TRUE(timeline->wait(2).ok());
}

TEST(CustomOperators, are_found_inferred_and_conflicts_told) {
  static const tenon_attribute attribute{{"axis", 4}, TENON_ATTR_INT, 1, -1, 0, {}, nullptr, nullptr, nullptr, nullptr};
  static const tenon_schema schemas[] = {
      {{"acme", 4}, {"Twice", 5}, 1, 1, 1, 1, 1, 1, &attribute, sizeof attribute, 0, {}},
      {{"acme", 4}, {"Twice", 5}, 3, 1, 1, 1, 1, 0, nullptr, 0, 0, {}}};
  TestProvider one, two;
  two.id = "other";
  for (TestProvider* fake : {&one, &two}) {
    fake->table.schemas = [](void*, const tenon_schema** out, uint32_t* stride, uint32_t* n) {
      *out = schemas;
      *stride = sizeof(tenon_schema);
      *n = 2;
      return TENON_OK;
    };
    fake->table.infer = [](void*, const tenon_node* node, tenon_shapes* shapes, tenon_status*) {
      shapes->outputs[0].dtype = shapes->inputs[0].dtype;
      shapes->outputs[0].rank = 1;
      shapes->outputs[0].dims[0] = node->noutputs == 1 ? shapes->inputs[0].dims[0] * 2 : -7;
      return TENON_OK;
    };
  }
  const auto a = std::move(*one.accept()), b = std::move(*two.accept());
  const CustomOperators operators({a.get(), b.get()});
  EXPECT_EQ(operators.conflicts().size(), 2u);
  EXPECT_EQ(operators.find("acme", "Once", 9), nullptr);
  EXPECT_EQ(operators.find("acme", "Twice", 2)->since_version, 1u);
  EXPECT_EQ(operators.find("acme", "Twice", 9)->since_version, 3u);
  const onnx_facts::CustomOperator* twice = operators.lookup()("acme", "Twice", 1);
  ASSERT_NE(twice, nullptr);
  EXPECT_EQ(twice->provider, "fake");
  ASSERT_EQ(twice->attributes.size(), 1u);
  EXPECT_EQ(twice->attributes[0].value.i, -1);
  EXPECT_FALSE(twice->attributes[0].required);

  testing_host::TestGraph test;
  NodeId id;
  const ValueId x = test.input("x");
  test.op("Twice", {x}, &id);
  Node& node = test.graph.nodes[id];
  std::vector<onnx_facts::InferInput> inputs(1);
  inputs[0].type = &test.graph.values[x].type;
  std::vector<Type> types;
  ASSERT_TRUE(twice->infer(node, inputs, &types).ok());
  ASSERT_EQ(types.size(), 1u);
  EXPECT_EQ((*types[0].shape)[0].size, 8);
  node.outputs.push_back(node.outputs[0]);
  EXPECT_EQ(twice->infer(node, inputs, &types).code(), TENON_PROVIDER_RULE);
}

}  // namespace
}  // namespace tenon
