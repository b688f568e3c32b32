// SPDX-License-Identifier: Apache-2.0
// 8 threads on 4 sessions of one environment, with cancels and deadlines: stress SECONDS MODEL...
// Sessions 0 to 3 load the models in turn; every thread runs all of them in an order of its own. A run ends with the
// answer that the session gave at first, bit for bit, or with CANCELLED or DEADLINE when it asked for that. Built with
// ThreadSanitizer in the preset tsan, where a data race is a failure.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <tenon/tenon.hpp>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 8, kSessions = 4;

struct Subject {
  tenon::Session session;
  std::vector<tenon::Value> inputs;
  std::vector<tenon::Value> expected;
};

tenon::Value make_input(const tenon::Io& io) {
  std::vector<int64_t> dims = io.dims;
  for (int64_t& dim : dims) {
    dim = dim < 0 ? 1 : dim;
  }
  tenon::Value value = tenon::Value::create(io.dtype, dims);
  if (io.dtype == TENON_FLOAT32) {
    std::mt19937 random(1);
    for (float& one : value.data<float>()) {
      one = static_cast<float>(random() % 1000) / 1000;
    }
  }
  return value;
}

bool same(const std::vector<tenon::Value>& a, const std::vector<tenon::Value>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    tenon_tensor x = a[i].tensor(), y = b[i].tensor();
    if (a[i].dims() != b[i].dims() || std::memcmp(x.data, y.data, x.bytes) != 0) {
      return false;
    }
  }
  return true;
}

struct Counts {
  std::atomic<int> finished{0}, cancelled{0}, deadline{0}, wrong{0};
};

// kind 0: a plain run; 1: a deadline; 2: cancelled by another thread.
void run_once(const Subject& subject, int kind, unsigned microseconds, Counts* counts) {
  tenon::RunOptions options;
  std::thread canceller;
  if (kind == 1) {
    options.timeout(std::chrono::microseconds(microseconds + 1));
  } else if (kind == 2) {
    canceller = std::thread([options, microseconds]() mutable {
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      options.cancel();
    });
  }
  try {
    bool good = same(subject.session.run(subject.inputs, &options), subject.expected);
    ++(good ? counts->finished : counts->wrong);
  } catch (const tenon::Error& error) {
    bool asked = error.code() == (kind == 1 ? TENON_DEADLINE : TENON_CANCELLED) && kind != 0;
    if (!asked) {
      std::fprintf(stderr, "%s: %s\n", error.code_name(), error.what());
    }
    ++(!asked ? counts->wrong : kind == 1 ? counts->deadline : counts->cancelled);
  }
  if (canceller.joinable()) {
    canceller.join();
  }
}

int stress(double seconds, const std::vector<std::string>& models) {
  tenon::EnvOptions env_options;
  env_options.threads = 3;  // more than there may be cores: the pool is shared by all runs
  tenon::Env env(env_options);
  std::vector<Subject> subjects;
  for (int i = 0; i < kSessions; ++i) {
    tenon::Session session(env, models[static_cast<size_t>(i) % models.size()]);
    std::vector<tenon::Value> inputs;
    for (const tenon::Io& io : session.inputs()) {
      inputs.push_back(make_input(io));
    }
    std::vector<tenon::Value> expected = session.run(inputs);
    std::printf("session %d: %s\n", i, session.placement_line().c_str());
    subjects.push_back({std::move(session), std::move(inputs), std::move(expected)});
  }
  Counts counts;
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      while (std::chrono::steady_clock::now() < end) {
        const Subject& subject = subjects[random() % kSessions];
        run_once(subject, static_cast<int>(random() % 3), static_cast<unsigned>(random() % 20000), &counts);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::printf("%d runs finished, %d cancelled, %d past their deadline, %d wrong\n", counts.finished.load(),
              counts.cancelled.load(), counts.deadline.load(), counts.wrong.load());
  return counts.wrong == 0 && counts.finished > 0 && counts.cancelled > 0 && counts.deadline > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fputs("stress SECONDS MODEL...\n", stderr);
    return 2;
  }
  return stress(std::atof(argv[1]), {argv + 2, argv + argc});
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
