// SPDX-License-Identifier: Apache-2.0
// A session as one HTML page: where each node runs and why, what is copied at the borders, which nodes take the time.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tenon/report_page.hpp>
#include <tenon/tenon.hpp>

namespace tenon {

namespace detail {

// Text between tags and in attributes.
inline std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Appends JSON so that it may stand in a <script>: these characters occur in its strings only.
inline void append_script_json(std::string_view json, std::string* out) {
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<') {
      *out += "\\u003c";
    } else if (c == '>') {
      *out += "\\u003e";
    } else if (c == '&') {
      *out += "\\u0026";
    } else if (json.substr(i, 2) == "\xe2\x80" && i + 2 < json.size() &&
               (json[i + 2] == '\xa8' || json[i + 2] == '\xa9')) {
      *out += json[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      *out += c;
    }
  }
}

inline std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Rows of a table out of "95 nodes: cpu 61, view 14": for readers without scripts.
inline std::string class_rows(std::string_view line) {
  const auto meaning = [](std::string_view name) -> std::string_view {
    constexpr std::string_view known[][2] = {{"view", "shares its input's memory: no bytes move"},
                                             {"shape", "decides shapes: computed while planning"},
                                             {"structure", "run by core, through its bodies"},
                                             {"expanded", "runs as several nodes"},
                                             {"folded", "computed once, at load"},
                                             {"replaced", "a pass put other nodes in its place"},
                                             {"removed", "not needed to answer"}};
    for (const auto& each : known) {
      if (each[0] == name) {
        return each[1];
      }
    }
    return "runs on this provider";
  };
  std::string rows;
  const size_t colon = line.find(": ");
  line = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 2);
  while (!line.empty()) {
    const size_t comma = line.find(", ");
    const std::string_view one = line.substr(0, comma);
    line = comma == std::string_view::npos ? std::string_view() : line.substr(comma + 2);
    if (const size_t space = one.rfind(' '); space != std::string_view::npos) {
      const std::string_view name = one.substr(0, space);
      rows += "<tr><td>" + html_text(name) + "</td><td class=\"number\">" + html_text(one.substr(space + 1)) +
              "</td><td>" + html_text(meaning(name)) + "</td></tr>";
    }
  }
  return rows;
}

}  // namespace detail

// The page as UTF-8 text, complete in itself: it loads nothing and its Content-Security-Policy forbids to. With times
// when the session was loaded with profile=on and has run. Names in the model may hold anything: they are text there.
// title: shown at its head, such as the model's file name.
// Reads the model again for its edges; where that can't be done (its bytes were copied, or the file is gone or another)
// the page says so and shows what runs. Throws Error as the texts of Session do. Any thread.
inline std::string report_html(const Session& session, std::string_view title) {
  std::string model = "null", problem;
  try {
    model = session.graph_json("import");
  } catch (const Error& error) {
    problem = error.what();
  }
  const std::string parts[][2] = {{"title", detail::json_string(title)},
                                  {"version", detail::json_string(version())},
                                  {"placement", session.placement_json()},
                                  {"inspect", session.inspect_json()},
                                  {"memory", session.memory_json()},
                                  {"profile", session.profile_json()},
                                  {"model", std::move(model)},
                                  {"problem", detail::json_string(problem)},
                                  {"runs", session.graph_json("optimized")}};
  const std::string line = session.placement_line();
  const std::string_view page = detail::report_page;
  std::string out;
  size_t at = 0;
  for (size_t begin = page.find("[["); begin != std::string_view::npos; begin = page.find("[[", at)) {
    const size_t end = page.find("]]", begin);
    const std::string_view name = page.substr(begin + 2, end - begin - 2);
    out += page.substr(at, begin - at);
    at = end + 2;
    if (name == "title") {
      out += detail::html_text(title);
    } else if (name == "line") {
      out += detail::html_text(line);
    } else if (name == "classes") {
      out += detail::class_rows(line);
    } else if (name == "data") {
      for (const auto& part : parts) {
        out += (&part == parts ? "{\"" : ",\"") + part[0] + "\":";
        detail::append_script_json(part[1], &out);
      }
      out += '}';
    } else {  // two brackets of a script
      out += page.substr(begin, 2);
      at = begin + 2;
    }
  }
  return out += page.substr(at);
}

}  // namespace tenon
