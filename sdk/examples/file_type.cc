// SPDX-License-Identifier: Apache-2.0
// What kind of file is this? Asks the trained Magika model (model.onnx and config.min.json of the PyPI package magika)
// about the first and last bytes of each file, as the package's own program does.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tenon/tenon.hpp>
#include <vector>

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view kHelp = R"(Usage: file_type --model DIR [--provider ID] FILE...
Tells what kind of file each FILE is, with the Magika model in DIR (default: $MAGIKA_MODEL).

  file_type --model site-packages/magika/models/standard_v3_3 README.md photo.jpg
  file_type --model DIR --provider cpu *     run on the provider named cpu, or fail
)";

std::string read_range(const fs::path& path, uint64_t offset, uint64_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string content(bytes, '\0');
  if (!file.seekg(static_cast<std::streamoff>(offset)) ||
      !file.read(content.data(), static_cast<std::streamsize>(bytes))) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return content;
}

// config.min.json beside the model, and which labels are text, from the package's table of content types.
struct Config {
  explicit Config(const fs::path& folder) {
    json::object all = load(folder / "config.min.json").as_object();
    auto number = [&](const char* name) { return all.at(name).to_number<int64_t>(); };
    beg = number("beg_size");
    end = number("end_size");
    block = number("block_size");
    padding = static_cast<int32_t>(number("padding_token"));
    minimum = number("min_file_size_for_dl");
    medium = all.at("medium_confidence_threshold").to_number<float>();
    labels = json::value_to<std::vector<std::string>>(all.at("target_labels_space"));
    thresholds = json::value_to<std::map<std::string, float>>(all.at("thresholds"));
    overwrite = json::value_to<std::map<std::string, std::string>>(all.at("overwrite_map"));
    const json::value kinds = load(folder / "../../config/content_types_kb.min.json");
    for (const auto& [label, about] : kinds.as_object()) {
      is_text[label] = about.at("is_text").as_bool();
    }
  }
  static json::value load(const fs::path& path) { return json::parse(read_range(path, 0, fs::file_size(path))); }

  int64_t beg, end, block, minimum;
  int32_t padding;
  float medium;
  std::vector<std::string> labels;
  std::map<std::string, float> thresholds;
  std::map<std::string, std::string> overwrite;
  std::map<std::string, bool> is_text;
};

// The first `beg` and last `end` bytes, white space at the outer side dropped, padded: int32 [beg + end].
std::vector<int32_t> features(const Config& config, const fs::path& path) {
  constexpr std::string_view kSpace = " \t\n\r\v\f";
  uint64_t size = fs::file_size(path);
  uint64_t bytes = std::min<uint64_t>(static_cast<uint64_t>(config.block), size);
  std::string head = read_range(path, 0, bytes), tail = read_range(path, size - bytes, bytes);
  head.erase(0, std::min(head.find_first_not_of(kSpace), head.size()));
  tail.erase(tail.find_last_not_of(kSpace) + 1);
  std::vector<int32_t> all(static_cast<size_t>(config.beg + config.end), config.padding);
  auto to_int = [](char c) { return static_cast<int32_t>(static_cast<unsigned char>(c)); };
  size_t from_head = std::min(head.size(), static_cast<size_t>(config.beg));
  size_t from_tail = std::min(tail.size(), static_cast<size_t>(config.end));
  std::transform(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(from_head), all.begin(), to_int);
  std::transform(tail.end() - static_cast<std::ptrdiff_t>(from_tail), tail.end(),
                 all.end() - static_cast<std::ptrdiff_t>(from_tail), to_int);
  return all;
}

std::string decide(const Config& config, const std::string& label, float score) {
  auto threshold = config.thresholds.find(label);
  auto renamed = config.overwrite.find(label);
  std::string output = renamed == config.overwrite.end() ? label : renamed->second;
  if (score >= (threshold == config.thresholds.end() ? config.medium : threshold->second)) {
    return output;
  }
  return config.is_text.at(output) ? "txt" : "unknown";
}

void tell(const tenon::Session& session, const Config& config, const fs::path& path) {
  std::printf("%s: ", path.c_str());
  if (fs::is_directory(path) || fs::is_empty(path)) {
    std::printf("%s 1.00\n", fs::is_directory(path) ? "directory" : "empty");
    return;
  }
  std::vector<int32_t> bytes = features(config, path);
  if (bytes[static_cast<size_t>(config.minimum - 1)] == config.padding) {  // too few bytes for the model
    bool ascii =
        std::all_of(bytes.begin(), bytes.begin() + config.minimum, [&](int32_t b) { return b < 128 || b == 256; });
    std::printf("%s 1.00\n", ascii ? "txt" : "unknown");
    return;
  }
  std::vector<tenon::Value> outputs = session.run({tenon::Value::wrap(bytes, {1, config.beg + config.end})});
  std::span<const float> scores = outputs[0].data<float>();
  auto best = std::max_element(scores.begin(), scores.end());
  const std::string& label = config.labels.at(static_cast<size_t>(best - scores.begin()));
  std::printf("%s %.2f\n", decide(config, label, *best).c_str(), static_cast<double>(*best));
}

int main(int argc, char** argv) try {
  const char* from_environment = std::getenv("MAGIKA_MODEL");
  fs::path folder = from_environment != nullptr ? from_environment : "";
  tenon::SessionOptions options;
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      return std::fputs(kHelp.data(), stdout) < 0;
    } else if (argument == "--model" && i + 1 < argc) {
      folder = argv[++i];
    } else if (argument == "--provider" && i + 1 < argc) {
      options.provider(argv[++i]);
    } else {
      paths.emplace_back(argument);
    }
  }
  if (folder.empty() || paths.empty()) {
    return std::fputs(kHelp.data(), stderr), 2;
  }
  Config config(folder);
  tenon::Env env;
  tenon::Session session(env, (folder / "model.onnx").string(), options);
  for (const fs::path& path : paths) {
    tell(session, config, path);
  }
  std::printf("placement: %s\n", session.placement_line().c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "file_type: %s\n", error.what());
  return 1;
}
