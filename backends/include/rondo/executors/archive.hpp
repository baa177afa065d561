// SPDX-License-Identifier: BSL-1.0
// archive.hpp - values as bytes, for functions that run in another process.
//
// By default cereal does it (Debian: libcereal-dev): numbers, enumerations, strings, the containers of the standard
// library, optional, variant, tuple, durations, and types with a serialize() member or function as cereal wants them.
// For a type of your own that is to go another way, specialise Archive.
#pragma once

#if !__has_include(<cereal/cereal.hpp>)
#error "rondo/executors/archive.hpp needs cereal, which turns values into bytes: install libcereal-dev"
#endif

#include <rondo/kernel/language.hpp>

#include <cereal/archives/binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <cstdint>
#include <cstring>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <string_view>
#include <type_traits>

namespace rondo {

/// Appends what is written to a string.
class StringSink final : public std::streambuf {
 public:
  explicit StringSink(std::string& text) : text_(text) {}

 private:
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    text_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }
  int_type overflow(int_type byte) override {
    text_.push_back(traits_type::to_char_type(byte));
    return byte;
  }
  std::string& text_;
};

/// Reads memory of somebody else's.
class ViewSource final : public std::streambuf {
 public:
  explicit ViewSource(std::string_view bytes) {
    char* const begin = const_cast<char*>(bytes.data());
    setg(begin, begin, begin + bytes.size());
  }
  std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

/// How a T crosses to another process, which is of the same build on the same machine. load() gets what save() has
/// appended, and throws if that makes no T. Specialise it for a type of your own.
template <class T>
struct Archive {
  static_assert(cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value &&
                    cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value,
                "this type cannot cross to another process: give it a serialize() for cereal, or specialise "
                "rondo::Archive for it");

  static void save(std::string& bytes, const T& value) {
    StringSink sink(bytes);
    std::ostream stream(&sink);
    cereal::BinaryOutputArchive archive(stream);
    archive(value);
  }
  static T load(std::string_view bytes) {
    ViewSource source(bytes);
    std::istream stream(&source);
    cereal::BinaryInputArchive archive(stream);
    T value{};
    archive(value);
    if (source.left() > 0) {
      throw std::runtime_error(std::to_string(source.left()) + " bytes are left of what should be one value");
    }
    return value;
  }
};

/// Archives one value behind another.
template <class T>
void append_archived(std::string& bytes, const T& value) {
  const std::size_t at = bytes.size();
  bytes.append(sizeof(std::uint64_t), '\0');
  Archive<T>::save(bytes, value);
  const std::uint64_t size = bytes.size() - at - sizeof size;
  std::memcpy(bytes.data() + at, &size, sizeof size);
}

/// The next of such values, which is taken from `bytes`.
template <class T>
T take_archived(std::string_view& bytes) {
  std::uint64_t size = 0;
  if (bytes.size() >= sizeof size) std::memcpy(&size, bytes.data(), sizeof size);
  if (bytes.size() < sizeof size || bytes.size() - sizeof size < size) {
    throw std::runtime_error("the bytes of a value are missing");
  }
  const std::string_view own = bytes.substr(sizeof size, static_cast<std::size_t>(size));
  bytes.remove_prefix(sizeof size + own.size());
  return Archive<T>::load(own);
}

}  // namespace rondo
