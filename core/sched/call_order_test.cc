// SPDX-License-Identifier: Apache-2.0
#include "core/sched/call_order.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tenon {
namespace {

using Calls = std::vector<CallId>;

// Lanes of device d have timelines of kind 10 + d.
struct Plan {
  CallOrder order;
  std::vector<LaneInfo> lanes;
  CallOrder::Placed add(uint32_t device, Calls after, uint64_t import_kinds = 0) {
    return std::move(*order.add({device, import_kinds}, std::move(after), &lanes, [](uint32_t of) { return 10 + of; }));
  }
};

TEST(CallOrder, chains_share_a_lane_and_independent_calls_do_not) {
  Plan plan;
  EXPECT_EQ(plan.add(0, {}).lane, 0u);
  EXPECT_EQ(plan.add(0, {}).lane, 1u);
  const auto next = plan.add(0, {0});
  EXPECT_EQ(next.lane, 0u);
  EXPECT_EQ(next.waits, Calls{0});
  const auto fork = plan.add(0, {0});
  EXPECT_EQ(fork.lane, 2u);
  EXPECT_EQ(fork.waits, Calls{0});
  const auto join = plan.add(0, {1, 2, 3});
  EXPECT_EQ(join.waits, (Calls{3, 2, 1}));
  EXPECT_TRUE(join.host_waits.empty());
}

TEST(CallOrder, implied_waits_are_left_out) {
  Plan plan;
  plan.add(0, {});
  plan.add(0, {0});
  EXPECT_EQ(plan.add(0, {0, 1, 1}).waits, Calls{1});
  EXPECT_EQ(plan.order.wait({0, 1, 2}), Calls{2});
  EXPECT_TRUE(plan.order.wait({0, 1, 2}).empty());
  EXPECT_TRUE(plan.add(0, {2}).waits.empty()) << "the host has waited for it";
}

TEST(CallOrder, points_of_others_are_handed_over_only_when_imported) {
  Plan plan;
  plan.add(0, {});
  const auto refused = plan.add(1, {0});
  EXPECT_TRUE(refused.waits.empty());
  EXPECT_EQ(refused.host_waits, Calls{0});
  plan.add(0, {});
  const auto imported = plan.add(1, {2}, uint64_t{1} << 10);
  EXPECT_EQ(imported.waits, Calls{2});
  EXPECT_TRUE(imported.host_waits.empty());
}

TEST(CallOrder, lanes_and_calls_under_way_are_bounded) {
  Plan plan;
  for (uint32_t i = 0; i < CallOrder::kWindow; ++i) {
    const auto placed = plan.add(0, {});
    EXPECT_EQ(placed.waits.size(), i < CallOrder::kMaxLanes ? 0u : 1u);
    EXPECT_TRUE(placed.host_waits.empty());
  }
  EXPECT_EQ(plan.lanes.size(), CallOrder::kMaxLanes);
  EXPECT_EQ(plan.add(0, {}).host_waits, Calls{0});
}

TEST(CallOrder, a_closed_order_still_knows_lanes) {
  Plan plan;
  plan.add(0, {});
  plan.add(0, {});
  plan.add(0, {0, 1});  // on lane 0
  plan.order.close();
  EXPECT_EQ(plan.add(0, {0, 2}).waits, Calls{2});
  EXPECT_EQ(plan.add(0, {1, 2}).waits, (Calls{2, 1})) << "that 2 comes after 1 is forgotten";
}

TEST(MemoryUse, reads_after_writes_and_writes_after_both) {
  MemoryUse use;
  use.record({0, 0, 100, true}, 1);
  use.record({0, 50, 150, false}, 2);
  Calls after;
  use.collect({0, 0, 50, false}, &after);
  EXPECT_EQ(after, Calls{1});
  after.clear();
  use.collect({0, 100, 101, false}, &after);
  EXPECT_TRUE(after.empty()) << "two readers do not wait for each other";
  use.collect({0, 140, 200, true}, &after);
  EXPECT_EQ(after, Calls{2});
  after.clear();
  use.collect({1, 0, 200, true}, &after);
  EXPECT_TRUE(after.empty()) << "another space";
  use.record({0, 60, 70, true}, 3);
  use.collect({0, 0, 80, true}, &after);
  EXPECT_EQ(std::set<CallId>(after.begin(), after.end()), (std::set<CallId>{1, 2, 3}));
  after.clear();
  use.record({0, 0, 200, true}, kNoCall);
  use.collect({0, 0, 200, true}, &after);
  EXPECT_TRUE(after.empty()) << "the host has waited";
}

// Random accesses by calls that are complete on return, and by calls on two devices of which one imports: whatever the
// plan leaves unordered does not conflict.
TEST(CallOrder, random_accesses_are_ordered) {
  struct Done {
    MemoryUse::Access access;
    uint32_t call;
  };
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    Plan plan;
    MemoryUse use;
    std::vector<Done> history;
    std::vector<std::set<CallId>> before;  // by call: everything that is complete when it begins
    std::set<CallId> host;
    const auto include = [&](CallId call, std::set<CallId>* into) {
      into->insert(call);
      into->insert(before[call].begin(), before[call].end());
    };
    for (int step = 0; step < 150; ++step) {
      std::vector<MemoryUse::Access> accesses;
      Calls after;
      for (int i = 0; i < 3; ++i) {
        const uint64_t begin = random() % 40;
        accesses.push_back({static_cast<uint32_t>(random() % 2), begin, begin + 1 + random() % 12, random() % 3 == 0});
        use.collect(accesses.back(), &after);
      }
      const auto device = static_cast<uint32_t>(random() % 3);  // 2: complete on return
      std::set<CallId> known;
      CallId call = kNoCall;
      if (device == 2) {
        for (CallId waited : plan.order.wait(after)) {
          include(waited, &host);
        }
        known = host;
      } else {
        const auto placed = plan.add(device, after, device == 1 ? uint64_t{1} << 10 : 0);
        call = placed.call;
        for (CallId waited : placed.host_waits) {
          include(waited, &host);
        }
        known = host;
        for (CallId waited : placed.waits) {
          include(waited, &known);
          EXPECT_TRUE(plan.lanes[placed.lane].device == device);
        }
        before.push_back(known);
      }
      for (const Done& done : history) {
        for (const MemoryUse::Access& access : accesses) {
          const bool overlap = done.access.space == access.space && done.access.begin < access.end &&
                               access.begin < done.access.end && (done.access.writes || access.writes);
          ASSERT_TRUE(!overlap || known.contains(done.call)) << "seed " << seed << ", step " << step;
        }
      }
      std::stable_partition(accesses.begin(), accesses.end(), [](const auto& access) { return !access.writes; });
      for (const MemoryUse::Access& access : accesses) {
        use.record(access, call);
        if (call != kNoCall) {
          history.push_back({access, call});
        }
      }
    }
  }
}

}  // namespace
}  // namespace tenon
