// SPDX-License-Identifier: Apache-2.0
// ai.onnx StringNormalizer, form 10: without the stop words, in upper or lower case. The case is Unicode's simple
// mapping whatever `locale` says, so an answer does not depend on what a machine has installed.
#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operator.hpp"

namespace tenon::reference {
namespace {

enum class Case { as_is, lower, upper };

// Unicode's character tables, part of the C library itself.
class CaseTable {
 public:
  CaseTable() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr), ::freelocale) {
    require(locale_ != nullptr, TENON_UNSUPPORTED,
            "the system has no locale C.UTF-8, whose table of characters this needs");
  }

  // Bytes that are no UTF-8 stay as they are.
  std::string convert(std::string_view text, Case to) const {
    if (to == Case::as_is) return std::string(text);
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const auto lead = static_cast<unsigned char>(text[at]);
      const size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : 4;
      uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
      bool whole = lead < 0xF5 && (lead < 0x80 || lead >= 0xC2) && at + length <= text.size();
      for (size_t i = 1; whole && i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        whole = (next & 0xC0) == 0x80;
        code = code << 6 | (next & 0x3F);
      }
      if (!whole) {
        out.push_back(text[at++]);
        continue;
      }
      const auto c = static_cast<wint_t>(code);
      append(&out, static_cast<uint32_t>(to == Case::lower ? ::towlower_l(c, locale_.get())
                                                           : ::towupper_l(c, locale_.get())));
      at += length;
    }
    return out;
  }

 private:
  static void append(std::string* out, uint32_t code) {
    const auto tail = [&](int shift) { out->push_back(static_cast<char>(0x80 | (code >> shift & 0x3F))); };
    if (code < 0x80) {
      out->push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      out->push_back(static_cast<char>(0xC0 | code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | code >> 12));
      tail(6);
      tail(0);
    } else {
      out->push_back(static_cast<char>(0xF0 | code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::unique_ptr<std::remove_pointer_t<locale_t>, void (*)(locale_t)> locale_;
};

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() == 1 || (x.rank() == 2 && x.dim(0) == 1), TENON_RUN, "the input has dims ", DimsView(x.dims()),
          ", expected [C] or [1, C]");
  const CaseTable table;
  const std::string_view action = c.attributes().string("case_change_action", "NONE");
  const Case to = action == "LOWER" ? Case::lower : action == "UPPER" ? Case::upper : Case::as_is;
  const Case compared = c.attributes().flag("is_case_sensitive") ? Case::as_is : Case::lower;
  std::vector<std::string> stops;
  for (const std::string& word : c.attributes().strings("stopwords")) stops.push_back(table.convert(word, compared));
  std::sort(stops.begin(), stops.end());

  std::vector<std::string> kept;
  for (int64_t i = 0; i < x.count(); ++i) {
    if (i % 4096 == 0) c.check();
    const std::string_view text = x.data<kit::String>()[i];
    if (!std::binary_search(stops.begin(), stops.end(), table.convert(text, compared))) {
      kept.push_back(table.convert(text, to));
    }
  }
  if (kept.empty()) kept.emplace_back();  // the definition's empty answer
  const auto count = static_cast<int64_t>(kept.size());
  Output& y = c.output(0, x.rank() == 1 ? Dims{count} : Dims{1, count});
  for (size_t i = 0; i < kept.size(); ++i) y.data<kit::String>()[i] = y.hold(std::move(kept[i]));
}

std::string refuse(const plugin::Node& node) {
  const kit::Attributes attributes(node);
  const std::string_view action = attributes.string("case_change_action", "NONE");
  return action == "NONE" || action == "LOWER" || action == "UPPER"
             ? ""
             : "case_change_action is '" + std::string(action) + "', expected NONE, LOWER or UPPER";
}

}  // namespace

TENON_OPERATOR(stringnormalizer){
    .name = "StringNormalizer",
    .form = 10,
    .types = {},
    .inputs = {"string"},
    .outputs = {"string"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
