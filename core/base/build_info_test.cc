// SPDX-License-Identifier: Apache-2.0
#include "core/base/build_info.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tenon {
namespace {

TEST(BuildInfo, VersionHasThreeNumbers) {
  std::string_view version = build_version();
  EXPECT_EQ(std::count(version.begin(), version.end(), '.'), 2);
  EXPECT_EQ(version.find_first_not_of("0123456789."), std::string_view::npos);
}

TEST(BuildInfo, DescriptionNamesVersion) {
  EXPECT_NE(build_description().find(build_version()), std::string_view::npos);
}

}  // namespace
}  // namespace tenon
