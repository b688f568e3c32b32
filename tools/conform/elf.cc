// SPDX-License-Identifier: Apache-2.0
#include "elf.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

namespace tenon::conform {

namespace {

class Reader {
 public:
  explicit Reader(std::vector<char> bytes) : bytes_(std::move(bytes)) {}

  /// A copy of the record at `offset`; false when it is not inside of the file.
  template <class T>
  bool get(uint64_t offset, T& out) const {
    if (offset > bytes_.size() || sizeof(T) > bytes_.size() - offset) return false;
    std::memcpy(&out, bytes_.data() + offset, sizeof(T));
    return true;
  }
  /// The text that starts at `offset`, cut at the end of the file.
  std::string text(uint64_t offset) const {
    if (offset >= bytes_.size()) return {};
    return {bytes_.data() + offset, strnlen(bytes_.data() + offset, bytes_.size() - offset)};
  }

 private:
  std::vector<char> bytes_;
};

void read_symbols(const Reader& file, const Elf64_Shdr& table, const Elf64_Shdr& names, ElfFacts& out) {
  for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    if (!file.get(table.sh_offset + at, symbol)) return;
    const unsigned binding = ELF64_ST_BIND(symbol.st_info);
    // A version's own name is an absolute symbol.
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
    if (binding != STB_GLOBAL && binding != STB_WEAK && binding != STB_GNU_UNIQUE) continue;
    out.exports.push_back(file.text(names.sh_offset + symbol.st_name));
  }
}

void read_needed(const Reader& file, const Elf64_Shdr& table, const Elf64_Shdr& names, ElfFacts& out) {
  for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= table.sh_size; at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry;
    if (!file.get(table.sh_offset + at, entry) || entry.d_tag == DT_NULL) return;
    if (entry.d_tag == DT_NEEDED) out.needed.push_back(file.text(names.sh_offset + entry.d_un.d_val));
  }
}

}  // namespace

ElfFacts read_elf(const std::string& path) {
  ElfFacts out;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    out.error = "the file cannot be opened";
    return out;
  }
  const Reader file(std::vector<char>(std::istreambuf_iterator<char>(in), {}));
  Elf64_Ehdr header;
  if (!file.get(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64) {
    out.error = "not a 64-bit ELF file";
    return out;
  }
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    Elf64_Shdr names;
    const auto header_of = [&](uint64_t index, Elf64_Shdr& to) {
      return file.get(header.e_shoff + index * header.e_shentsize, to);
    };
    if (!header_of(i, section)) break;
    if (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_DYNAMIC) continue;
    if (!header_of(section.sh_link, names)) continue;
    if (section.sh_type == SHT_DYNSYM) read_symbols(file, section, names, out);
    if (section.sh_type == SHT_DYNAMIC) read_needed(file, section, names, out);
  }
  return out;
}

}  // namespace tenon::conform
