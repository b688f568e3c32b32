// SPDX-License-Identifier: Apache-2.0
// Checks of claims and refusals.
#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "checks.hpp"

namespace tenon::conform {

namespace {

std::vector<std::string> texts_of(const tenon_sink& sink) {
  std::vector<std::string> out;
  for (const ClaimCopy& c : sink.claims) out.push_back(c.text());
  for (const RefusalCopy& r : sink.refusals) out.push_back(r.text());
  std::sort(out.begin(), out.end());
  return out;
}

void check_refusals(Reporter& report, const Case& c, const tenon_sink& sink) {
  std::set<uint32_t> claimed;
  for (const ClaimCopy& claim : sink.claims) claimed.insert(claim.nodes.begin(), claim.nodes.end());
  std::set<uint32_t> refused;
  for (const RefusalCopy& r : sink.refusals) {
    const std::string where = plugin::cat("of '", c.name, "' ");
    if (r.size < sizeof(tenon_refusal)) report.fail(2, "a refusal ", where, "has size ", r.size);
    if (r.node >= c.graph.nodes.size()) {
      report.fail(6, "a refusal ", where, "names node ", r.node, ", the graph has ", c.graph.nodes.size());
      continue;
    }
    refused.insert(r.node);
    if (r.reason < TENON_REFUSE_OP || r.reason > TENON_REFUSE_COST) {
      report.fail(6, "the refusal ", where, "of node ", r.node, " has the unknown reason ", r.reason);
    }
    if (r.value != TENON_NO_ID && r.value >= c.graph.values.size()) {
      report.fail(6, "the refusal ", where, "of node ", r.node, " names value ", r.value);
    }
    if (r.words.empty() || r.words.back() == '.') {
      report.fail(6, "the refusal ", where, "of node ", r.node, " says '", r.words,
                  "', expected one sentence without a final full stop");
    }
  }
  for (uint32_t n = 0; n < c.graph.nodes.size(); ++n) {
    if (!claimed.contains(n) && !refused.contains(n)) {
      report.fail(6, "node ", n, " (", c.graph.nodes[n].op, ") of '", c.name, "' is neither claimed nor refused");
    }
  }
}

void compare_answers(Reporter& report, const Case& c, const tenon_sink& first, const tenon_sink& again, uint32_t rule,
                     const std::string& how) {
  const std::vector<std::string> a = texts_of(first);
  const std::vector<std::string> b = texts_of(again);
  if (a == b) return;
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  report.fail(rule, "query of '", c.name, "' answers differently ", how, ": ",
              at.first != a.end() ? *at.first : "nothing", " became ", at.second != b.end() ? *at.second : "nothing");
}

void check_query_of(Reporter& report, const Provider& provider, const Case& c) {
  Session session(provider, c.graph, {});
  if (!session.created()) return report.fail(6, "no session with the default options: ", session.error());
  const tenon_sink first = session.query(0);
  for (const ClaimCopy& claim : first.claims) {
    if (const auto wrong = claim_error(c.graph, claim, session.device())) {
      report.fail(wrong->rule, "'", c.name, "': ", wrong->text);
    }
  }
  check_refusals(report, c, first);
  compare_answers(report, c, first, session.query(0), 6, "when asked again");
  compare_answers(report, c, first, session.query(24), 1, "when records are 24 bytes wider than the header's");
  Session other(provider, c.graph, {});
  if (other.created()) compare_answers(report, c, first, other.query(0), 6, "in another session");
  Session single(provider, c.graph, {0, TENON_SESSION_NO_FUSION, {}});
  if (!single.created()) return;
  for (const ClaimCopy& claim : single.query(0).claims) {
    if (claim.nodes.size() > 1) {
      report.fail(6, "'", c.name, "': ", claim.text(), " holds several nodes, in a session with NO_FUSION");
    }
  }
}

}  // namespace

void check_query(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    const std::vector<Case> cases = all_cases(provider);
    for (const Case& c : cases) check_query_of(report, provider, c);
    report.note(claims_of(provider, cases).size(), " claims in ", cases.size(), " graphs");
  });
}

void check_forms(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    std::vector<Case> odd;
    for (const Case& c : all_cases(provider)) {
      if (c.graph.nodes.size() != 1) continue;
      Case form = c;
      form.name += ", form 9999";
      form.graph.nodes[0].form = 9999;
      odd.push_back(std::move(form));
      Case domain = c;
      domain.name += ", domain com.nobody.conform";
      domain.graph.nodes[0].domain = "com.nobody.conform";
      odd.push_back(std::move(domain));
      Case op = c;
      op.name += ", operator NobodyKnowsThis";
      op.graph.nodes[0].op = "NobodyKnowsThis";
      odd.push_back(std::move(op));
    }
    for (const Case& c : odd) {
      Session session(provider, c.graph, {});
      if (!session.created()) return;
      for (const ClaimCopy& claim : session.query(0).claims) {
        if (!claim_error(c.graph, claim, session.device())) report.fail(17, "the node of '", c.name, "' is claimed");
      }
    }
  });
}

namespace {

template <class T>
Tensor make_tensor(uint32_t dtype, const std::vector<T>& values) {
  Tensor out{dtype, {static_cast<int64_t>(values.size())}, std::vector<std::byte>(values.size() * sizeof(T))};
  std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
  return out;
}

struct Answer {
  Case what;
  Tensor expected;
};

template <class T>
Answer make_answer(uint32_t dtype, const char* op, uint32_t form, const std::vector<T>& a, const std::vector<T>& b,
                   T (*compute)(T, T)) {
  Answer out;
  out.what.name = plugin::cat(std::string_view(op), " in ", plugin::dtype_name(dtype));
  const int64_t n = static_cast<int64_t>(a.size());
  const bool binary = !b.empty();
  const uint32_t y = binary ? 2 : 1;
  for (uint32_t i = 0; i <= y; ++i) {
    out.what.graph.values.push_back({plugin::cat("v", i), dtype, {n}, std::nullopt, TENON_NO_ID, TENON_NO_ID});
    out.what.dims.push_back({n});
  }
  out.what.inputs[0] = make_tensor(dtype, a);
  out.what.graph.inputs = {0};
  if (binary) {
    out.what.inputs[1] = make_tensor(dtype, b);
    out.what.graph.inputs.push_back(1);
  }
  out.what.graph.nodes.push_back({"ai.onnx", op, form, out.what.graph.inputs, {y}, {}, TENON_NO_ID});
  out.what.graph.outputs = {y};
  std::vector<T> values;
  for (size_t i = 0; i < a.size(); ++i) values.push_back(compute(a[i], binary ? b[i] : T{}));
  out.expected = make_tensor(dtype, values);
  return out;
}

template <class T>
void add_answers(std::vector<Answer>& out, uint32_t dtype, const std::vector<T>& a, const std::vector<T>& b) {
  out.push_back(make_answer<T>(dtype, "Add", 7, a, b, [](T x, T y) { return static_cast<T>(x + y); }));
  out.push_back(make_answer<T>(dtype, "Mul", 7, a, b, [](T x, T y) { return static_cast<T>(x * y); }));
  if constexpr (std::is_signed_v<T>) {
    out.push_back(make_answer<T>(dtype, "Relu", 6, a, {}, [](T x, T) { return x < T{} ? T{} : x; }));
  }
}

}  // namespace

void check_answers(Reporter& report, const Manifest& manifest) {
  std::vector<Answer> answers;
  add_answers<float>(answers, TENON_FLOAT32, {1.5f, -2.25f, 1e30f, -0.1f}, {0.1f, 3.0f, 1e10f, -7.0f});
  add_answers<double>(answers, TENON_FLOAT64, {1.5, -2.25, 1e300, -0.1}, {0.1, 3.0, 1e10, -7.0});
  add_answers<int32_t>(answers, TENON_INT32, {7, -100000, 2000000000, -1}, {3, 20000, 1, -7});
  add_answers<int64_t>(answers, TENON_INT64, {7, -10000000000, 4, -1}, {3, 200, 1, -7});
  add_answers<uint8_t>(answers, TENON_UINT8, {7, 100, 1, 0}, {3, 2, 200, 9});
  add_answers<int8_t>(answers, TENON_INT8, {7, -100, 1, 0}, {3, 1, -20, 9});
  with_provider(report, manifest, [&](const Provider& provider) {
    for (const Answer& a : answers) {
      for_each_compiled(provider, {a.what}, [&](const Compiled& compiled, const Case& c) {
        RunSettings settings;
        const Outcome out = compiled.run(c.inputs, settings);
        settings.fill = 0;
        const Outcome again = compiled.run(c.inputs, settings);
        // What fails, or is not written as a whole, is check_execute's matter.
        if (out.code != TENON_OK || again.code != TENON_OK || out.outputs.empty()) return;
        if (!difference(out.outputs, again.outputs).empty()) return;
        const std::string wrong = difference({a.expected}, out.outputs);
        if (!wrong.empty()) report.fail(17, c.name, " was claimed and gives another value than the operator: ", wrong);
      });
    }
  });
}

}  // namespace tenon::conform
