// SPDX-License-Identifier: Apache-2.0
// tenon run: one run, outputs written or summed up.
#include <cmath>
#include <cstring>
#include <iostream>
#include <memory>

#include "inputs.hpp"

namespace tenon::cli {

namespace {

struct RunCommand {
  LoadOptions load;
  InputOptions inputs;
  std::string output, trace;
  double timeout = 0;
  bool json = false;
};

struct Summary {
  double least = INFINITY, most = -INFINITY, sum = 0;
  uint64_t count = 0, nan = 0;
};

template <typename T>
Summary summarize(const tenon_tensor& tensor) {
  Summary summary;
  const char* at = static_cast<const char*>(tensor.data);
  for (uint64_t i = 0; i < tensor.bytes / sizeof(T); ++i) {
    T element;
    std::memcpy(&element, at + i * sizeof(T), sizeof(T));
    auto value = static_cast<double>(element);
    summary.nan += std::isnan(value) ? 1 : 0;
    summary.least = std::fmin(summary.least, value);
    summary.most = std::fmax(summary.most, value);
    summary.sum += value;
    ++summary.count;
  }
  return summary;
}

// Least, most and mean; false for types that have none.
bool summary_of(const tenon_tensor& tensor, Summary* out) {
  switch (tensor.dtype) {
    case TENON_FLOAT32:
      *out = summarize<float>(tensor);
      break;
    case TENON_FLOAT64:
      *out = summarize<double>(tensor);
      break;
    case TENON_INT64:
      *out = summarize<int64_t>(tensor);
      break;
    case TENON_INT32:
      *out = summarize<int32_t>(tensor);
      break;
    case TENON_INT16:
      *out = summarize<int16_t>(tensor);
      break;
    case TENON_INT8:
      *out = summarize<int8_t>(tensor);
      break;
    case TENON_UINT64:
      *out = summarize<uint64_t>(tensor);
      break;
    case TENON_UINT32:
      *out = summarize<uint32_t>(tensor);
      break;
    case TENON_UINT16:
      *out = summarize<uint16_t>(tensor);
      break;
    case TENON_UINT8:
    case TENON_BOOL:
      *out = summarize<uint8_t>(tensor);
      break;
    default:
      return false;
  }
  return out->count > 0;
}

std::string short_number(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

boost::json::object output_json(const std::string& name, const Value& value) {
  tenon_tensor tensor = value.tensor();
  boost::json::object object{{"name", name}, {"dtype", dtype_text(tensor.dtype)}};
  boost::json::array dims;
  for (int64_t dim : value.dims()) {
    dims.push_back(dim);
  }
  object["dims"] = dims;
  if (Summary summary; summary_of(tensor, &summary)) {
    auto put = [&object](const char* key, double number) {
      object[key] = std::isfinite(number) ? boost::json::value(number) : boost::json::value(nullptr);
    };
    put("min", summary.least);
    put("max", summary.most);
    put("mean", summary.sum / static_cast<double>(summary.count));
    object["nan"] = summary.nan;
  }
  return object;
}

void print_outputs(const std::vector<std::pair<std::string, Value>>& outputs) {
  Table table({"output", "type", "min", "max", "mean", "nan"});
  for (const auto& [name, value] : outputs) {
    tenon_tensor tensor = value.tensor();
    std::vector<std::string> cells{name, describe(tensor.dtype, value.dims())};
    if (Summary summary; summary_of(tensor, &summary)) {
      cells.insert(cells.end(),
                   {short_number(summary.least), short_number(summary.most),
                    short_number(summary.sum / static_cast<double>(summary.count)), std::to_string(summary.nan)});
    } else if (tensor.dtype == TENON_STRING && dense_bytes(TENON_UINT8, value.dims()) > 0) {
      cells.push_back("\"" + value.string_at(0) + "\"");
    }
    table.row(cells);
  }
  table.print();
}

// The tensors of an output: of a sequence "y[0]", "y[1]", of a map "y[key]"; of an absent optional none.
void add_tensors(const std::string& name, const Value& value, std::vector<std::pair<std::string, Value>>* outputs) {
  if (value.is_tensor()) {
    outputs->emplace_back(name, value);
    return;
  }
  const Value keys = value.kind() == TENON_KIND_MAP ? value.keys() : Value();
  const bool named = keys && keys.dtype() == TENON_STRING;
  for (uint64_t i = 0; i < value.count(); ++i) {
    std::string key = std::to_string(i);
    if (keys) {
      key = named ? keys.string_at(i) : keys.dtype() == TENON_INT64 ? std::to_string(keys.data<int64_t>()[i]) : key;
    }
    add_tensors(value.kind() == TENON_KIND_OPTIONAL ? name : name + "[" + key + "]", value.item(i), outputs);
  }
}

void write_trace(const std::string& path, const Session& session) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  std::string text = session.profile_trace();
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()) {
    throw UsageError("cannot write " + path + ": " + std::strerror(errno));
  }
}

void run(const RunCommand& command, const Globals& globals) {
  Env env = globals.open();
  Session session = command.load.load(env, command.load.session_options(!command.trace.empty()));
  Inputs inputs = make_inputs(session, command.inputs);
  RunOptions& options = interruptible_run_options();
  options.timeout(std::chrono::nanoseconds(static_cast<int64_t>(command.timeout * 1e9)));
  double start = now_seconds();
  std::vector<Value> values = session.run(inputs.values, &options);
  double elapsed = now_seconds() - start;
  std::vector<std::pair<std::string, Value>> outputs;
  std::vector<Io> described = session.outputs();
  for (size_t i = 0; i < values.size(); ++i) {
    add_tensors(described[i].name, values[i], &outputs);
  }
  if (!command.output.empty()) {
    write_npz(command.output, outputs);
  }
  if (!command.trace.empty()) {
    write_trace(command.trace, session);
  }
  if (command.json) {
    boost::json::array all;
    for (const auto& [name, value] : outputs) {
      all.push_back(output_json(name, value));
    }
    print_json({{"outputs", all}, {"placement", session.placement_line()}, {"run_ns", elapsed * 1e9}});
    return;
  }
  print_outputs(outputs);
  std::cout << "placement: " << session.placement_line() << "\nfirst run: " << human_ns(elapsed * 1e9) << '\n';
  if (!command.output.empty()) {
    std::cout << "written: " << command.output << '\n';
  }
}

}  // namespace

void add_run(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("run", "Run a model once; print or write its outputs");
  auto command = std::make_shared<RunCommand>();
  command->load.add_to(*sub);
  command->inputs.add_to(*sub);
  sub->add_option("-o,--output", command->output, "Write the outputs to this .npz")->type_name("FILE.npz");
  sub->add_option("--trace", command->trace, "Write a Chrome trace of the run")->type_name("FILE.json");
  sub->add_option("--timeout", command->timeout, "Give up after so many seconds")->type_name("SECONDS");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->footer(
      "Examples:\n  tenon run model.onnx -i x.npy -o out.npz\n  tenon run model.onnx --dim batch=2 --seed 7\n"
      "  tenon run model.onnx -p cpu -i inputs.npz --trace run.json");
  sub->callback([command, &globals] { run(*command, globals); });
}

}  // namespace tenon::cli
