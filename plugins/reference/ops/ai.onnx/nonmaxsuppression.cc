// SPDX-License-Identifier: Apache-2.0
// ai.onnx NonMaxSuppression, form 10: for each image and class the boxes of the highest scores that overlap none chosen
// before by more than iou_threshold: [n, 3] of image, class and box. Of equal scores the first comes first. In float.
#include <algorithm>
#include <limits>

#include "operator.hpp"

namespace tenon::reference {
namespace {

struct Box {
  float top, left, bottom, right;

  // corners: two opposite ones [y1, x1, y2, x2]; else [x centre, y centre, width, height].
  Box(const float* p, bool corners) {
    if (corners) {
      top = std::min(p[0], p[2]);
      bottom = std::max(p[0], p[2]);
      left = std::min(p[1], p[3]);
      right = std::max(p[1], p[3]);
    } else {
      top = p[1] - p[3] / 2;
      bottom = p[1] + p[3] / 2;
      left = p[0] - p[2] / 2;
      right = p[0] + p[2] / 2;
    }
  }
  float area() const { return (bottom - top) * (right - left); }
};

bool overlap(const Box& a, const Box& b, float threshold) {
  const float high = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float wide = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(high > 0 && wide > 0 && a.area() > 0 && b.area() > 0)) return false;
  const float shared = high * wide;
  return shared / (a.area() + b.area() - shared) > threshold;
}

float threshold(const Context& c, size_t i, float otherwise) {
  return c.has_input(i) && c.input(i).count() != 0 ? c.input(i).data<float>()[0] : otherwise;
}

void run(Context& c) {
  const Input &boxes = c.input(0), &scores = c.input(1);
  require(boxes.rank() == 3 && scores.rank() == 3 && boxes.dim(2) == 4 && boxes.dim(0) == scores.dim(0) &&
              boxes.dim(1) == scores.dim(2),
          TENON_RUN, "boxes and scores have dims ", DimsView(boxes.dims()), " and ", DimsView(scores.dims()),
          ", expected [images, boxes, 4] and [images, classes, boxes]");
  const int64_t most = c.has_input(2) && c.input(2).count() != 0 ? c.integers(2)[0] : 0;
  const float iou = threshold(c, 3, 0), least = threshold(c, 4, -std::numeric_limits<float>::infinity());
  const bool all = !(c.has_input(4) && c.input(4).count() != 0);
  const bool corners = c.attributes().integer("center_point_box", 0) == 0;
  const int64_t classes = scores.dim(1), n = boxes.dim(1);
  std::vector<int64_t> found;
  std::vector<int64_t> order;
  for (int64_t i = 0; i < scores.dim(0) * classes; ++i) {
    const float* score = scores.data<float>() + i * n;
    order.clear();
    for (int64_t k = 0; k < n; ++k) {
      if (all || score[k] > least) order.push_back(k);
    }
    std::ranges::stable_sort(order, [&](int64_t a, int64_t b) {
      return score[a] > score[b] || (score[b] != score[b] && score[a] == score[a]);  // NaN comes last
    });
    std::vector<Box> chosen;
    for (const int64_t k : order) {
      c.check();
      if (static_cast<int64_t>(chosen.size()) >= most) break;
      const Box box(boxes.data<float>() + (i / classes * n + k) * 4, corners);
      if (std::ranges::any_of(chosen, [&](const Box& other) { return overlap(box, other, iou); })) continue;
      chosen.push_back(box);
      found.insert(found.end(), {i / classes, i % classes, k});
    }
  }
  Output& y = c.output(0, {static_cast<int64_t>(found.size()) / 3, 3});
  std::ranges::copy(found, y.data<int64_t>());
}

}  // namespace

TENON_OPERATOR(nonmaxsuppression){
    .name = "NonMaxSuppression",
    .form = 10,
    .types = {},
    .inputs = {"float", "float", "int64?", "float?", "float?"},
    .outputs = {"int64"},
    .run = run,
};

}  // namespace tenon::reference
