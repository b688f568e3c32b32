// SPDX-License-Identifier: Apache-2.0
// Checks of what happens before a session exists: exports, negotiation, the table.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "checks.hpp"
#include "elf.hpp"

namespace tenon::conform {

void check_exports(Reporter& report, const Manifest& manifest) {
  const ElfFacts elf = read_elf(manifest.library_path(*manifest.chosen()));
  if (!elf.error.empty()) return;  // the manifest's check has said so
  size_t others = 0;
  std::string first;
  for (const std::string& name : elf.exports) {
    if (name == TENON_ABI_ENTRY) continue;
    if (others++ == 0) first = name;
  }
  if (others != 0) {
    report.fail(1, "the library exports ", others, " symbols besides the entry, the first is ", first,
                "; they can clash with another library's: hide them with a version script");
  }
  for (const std::string& soname : elf.needed) {
    if (soname.starts_with("libtenon.so"))
      report.fail(1, "the library needs ", soname, "; a provider never links core");
  }
}

void check_needs(Reporter& report, const Manifest& manifest) {
  for (const Need& need : manifest.needs) {
    report.step("opening ", need.soname);
    // The provider finds what lies in its own folder by $ORIGIN; the host counts it as there, too.
    if (access((manifest.folder + "/" + need.soname).c_str(), R_OK) == 0) continue;
    if (dlopen(need.soname.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) {
      report.fail(5, need.soname, " does not open here (", need.hint, "): ", std::string_view(dlerror()));
    }
  }
  if (manifest.needs.empty()) report.skip("the manifest needs no library of the system");
}

namespace {

/// Calls the entry with a range that it has to refuse.
void expect_refusal(Reporter& report, tenon_provider_entry_fn entry, Host& host, const tenon_host_range& range,
                    const std::string& what) {
  report.step("calling the entry with ", what);
  const tenon_provider* table = nullptr;
  StatusBox status;
  const int32_t code = status.check(report, entry(host.table(), &range, &table, status.get()), "the entry");
  if (code == TENON_OK) {
    report.fail(2, "the entry accepted a host of ", what);
  } else if (code != TENON_VERSION) {
    report.fail(2, "the entry refused a host of ", what, " with code ", code, ", expected 9 (TENON_VERSION)");
  } else if (status.text().find_first_of("0123456789") == std::string::npos) {
    report.fail(2, "the entry's refusal names no version: '", status.text(), "'");
  }
}

}  // namespace

void check_negotiation(Reporter& report, const Manifest& manifest) {
  const tenon_provider_entry_fn entry = load_entry(report, manifest.library_path(*manifest.chosen()));
  if (entry == nullptr) return;
  Host* host = new Host(report);
  tenon_host_range range = full_range();
  range.generation = TENON_ABI_GENERATION + 77;
  expect_refusal(report, entry, *host, range, plugin::cat("generation ", range.generation));
  range = full_range();
  range.min_minor = 5000;
  range.max_minor = 5001;
  expect_refusal(report, entry, *host, range, "minors 5000 to 5001");
  report.step("calling the entry twice");
  range = full_range();
  const tenon_provider* first = nullptr;
  const tenon_provider* second = nullptr;
  StatusBox status;
  if (entry(host->table(), &range, &first, status.get()) != TENON_OK) {
    report.fail(2, "after refusals the entry refuses minor 0 of generation 0 too: ", status.text());
  } else if (entry(host->table(), &range, &second, status.get()) != TENON_OK || first != second) {
    report.fail(2, "a second call of the entry does not give the first one's table");
  }
}

void check_newer_host(Reporter& report, const Manifest& manifest) {
  const tenon_provider_entry_fn entry = load_entry(report, manifest.library_path(*manifest.chosen()));
  if (entry == nullptr) return;
  Host* host = new Host(report);
  // A table and a range that are longer than this header knows, with something in the new part.
  struct Longer {
    tenon_host table;
    uint64_t more[8];
  };
  Longer* longer = new Longer{*host->table(), {1, 2, 3, 4, 5, 6, 7, 8}};
  longer->table.size = sizeof(*longer);
  struct {
    tenon_host_range range;
    uint64_t more[2];
  } range{full_range(), {~0ull, ~0ull}};
  range.range.size = sizeof(range);
  range.range.max_minor = 1000;
  range.range.features = ~0ull;
  report.step("calling the entry with minors 0 to 1000");
  const tenon_provider* table = nullptr;
  StatusBox status;
  const int32_t code = status.check(report, entry(&longer->table, &range.range, &table, status.get()), "the entry");
  if (code != TENON_OK) {
    report.fail(4, "the entry refused a newer host (minors 0 to 1000) with code ", code, ": ", status.text());
  }
}

namespace {

Reporter* trap_report = nullptr;

/// Stands in the host's table past its size.
const void* trap(void*, tenon_string) {
  trap_report->fail(2, "a function past the size of the host's table was called");
  return nullptr;
}

}  // namespace

void check_older_host(Reporter& report, const Manifest& manifest) {
  trap_report = &report;
  Host* host = new Host(report);
  host->table()->size = offsetof(tenon_host, get_extension);
  host->table()->get_extension = trap;
  const tenon_provider_entry_fn entry = load_entry(report, manifest.library_path(*manifest.chosen()));
  if (entry == nullptr) return;
  report.step("calling the entry with a table of ", host->table()->size, " bytes");
  const tenon_host_range range = full_range();
  const tenon_provider* table = nullptr;
  StatusBox status;
  const int32_t code = status.check(report, entry(host->table(), &range, &table, status.get()), "the entry");
  if (code != TENON_OK && code != TENON_VERSION) {
    report.fail(2, "a host without get_extension is refused with code ", code, ", expected 9 (TENON_VERSION)");
  }
  if (code != TENON_OK) report.note("hosts without get_extension are refused: ", status.text());
}

void check_table(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    const tenon_provider& table = provider.table();
    if (provider.is_async() && table.sync_create == nullptr) {
      report.fail(10, "TENON_FEATURE_ASYNC without timelines: sync_create is NULL");
    }
    const tenon_provider_info& info = provider.info();
    if (table.info->size < offsetof(tenon_provider_info, build)) {
      report.fail(2, "the size of info is ", table.info->size, ", expected at least ",
                  offsetof(tenon_provider_info, build));
    }
    if (plugin::view(info.id) != manifest.id) {
      report.fail(5, "info says id '", plugin::view(info.id), "', the manifest '", manifest.id, "'");
    }
    if (plugin::view(info.version) != manifest.version) {
      report.fail(5, "info says version '", plugin::view(info.version), "', the manifest '", manifest.version, "'");
    }
    if (info.generation != manifest.generation || info.min_minor != manifest.min_minor ||
        info.max_minor != manifest.max_minor) {
      report.fail(5, "info says ABI ", info.generation, ".", info.min_minor, " to ", info.max_minor, ", the manifest ",
                  manifest.generation, ".", manifest.min_minor, " to ", manifest.max_minor);
    }
    constexpr uint64_t known = TENON_FEATURE_ASYNC | TENON_FEATURE_OWN_THREADS;
    if ((info.features & ~known) != 0) report.note("feature bits that minor 0 does not have: ", info.features & ~known);
  });
}

}  // namespace tenon::conform
