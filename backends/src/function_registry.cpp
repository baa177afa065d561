// SPDX-License-Identifier: BSL-1.0
// function_registry.cpp - the table, and what identifies a build.
#include <rondo/executors/function_registry.hpp>

#include <elf.h>
#include <link.h>

#include <cstring>

namespace rondo {
namespace {

/// The id that the linker gave the executable ("--build-id"), in hexadecimal; "" if it gave none.
std::string build_id() {
  std::string id;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* into) {
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const ElfW(Phdr)& header = object->dlpi_phdr[i];
          if (header.p_type != PT_NOTE) continue;
          const char* at = reinterpret_cast<const char*>(object->dlpi_addr + header.p_vaddr);
          const char* const end = at + header.p_memsz;
          while (static_cast<std::size_t>(end - at) >= sizeof(ElfW(Nhdr))) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const char* const name = at + sizeof note;
            const char* const bytes = name + ((note.n_namesz + 3) & ~3U);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
              constexpr char digits[] = "0123456789abcdef";
              for (unsigned byte = 0; byte < note.n_descsz; ++byte) {
                const auto value = static_cast<unsigned char>(bytes[byte]);
                *static_cast<std::string*>(into) += {digits[value >> 4], digits[value & 15]};
              }
              return 1;
            }
            at = bytes + ((note.n_descsz + 3) & ~3U);
          }
        }
        return 1;  // the first object is the executable
      },
      &id);
  return id;
}

}  // namespace

FunctionRegistry& FunctionRegistry::instance() {
  static FunctionRegistry registry;
  return registry;
}

std::uint32_t FunctionRegistry::add(Entry entry) {
  entries_.push_back(entry);
  return static_cast<std::uint32_t>(entries_.size());
}

const FunctionRegistry::Entry* FunctionRegistry::find(std::uint32_t number) const {
  return number > 0 && number <= entries_.size() ? &entries_[number - 1] : nullptr;
}

std::string FunctionRegistry::identity() const {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const Entry& entry : entries_) {
    for (const char byte : entry.name) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  const std::string id = build_id();
  return "build " + (id.empty() ? std::string("without an id") : id) + ", " + std::to_string(entries_.size()) +
         " functions, hash " + std::to_string(hash);
}

std::string_view name_in(std::string_view pretty_function) {
  const std::size_t at = pretty_function.rfind("F = ");
  if (at == std::string_view::npos) return pretty_function;
  std::string_view name = pretty_function.substr(at + 4, pretty_function.size() - at - 5);
  if (const std::size_t end = name.find("; "); end != std::string_view::npos) name = name.substr(0, end);
  if (!name.empty() && name.front() == '&') name.remove_prefix(1);
  return name;
}

}  // namespace rondo
