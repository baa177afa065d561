// SPDX-License-Identifier: BSL-1.0
// remote_error.cpp - exceptions to bytes, and back to their own types.
//
// On the wire: the name of the type, the code of a system_error with its category, and the text, a line each; the text
// comes last, and may have lines of its own.
#include <rondo/executors/remote_error.hpp>

#include <cxxabi.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace rondo {
namespace {

std::string demangled(const std::type_info* type) {
  if (!type) return "an unknown type";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? name.get() : type->name();
}

/// One of the standard library's, or of rondo's, that is made of a text.
template <class E>
class Arrived final : public E, public RemoteOrigin {
 public:
  Arrived(const std::string& text, RemoteOrigin origin) : E(text), RemoteOrigin(std::move(origin)) {}
};

/// One that has a text of its own.
template <class E>
class ArrivedWithText final : public E, public RemoteOrigin {
 public:
  ArrivedWithText(std::string text, RemoteOrigin origin) : RemoteOrigin(std::move(origin)), text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

class ArrivedSystemError final : public std::system_error, public RemoteOrigin {
 public:
  ArrivedSystemError(std::error_code code, std::string text, RemoteOrigin origin)
      : std::system_error(code), RemoteOrigin(std::move(origin)), text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

template <class E>
std::exception_ptr make(const std::string& text, RemoteOrigin origin) {
  return std::make_exception_ptr(E(text, std::move(origin)));
}

struct Known {
  std::string_view type;
  std::exception_ptr (*restore)(const std::string& text, RemoteOrigin origin);
};
constexpr std::array known = {
    Known{"std::invalid_argument", &make<Arrived<std::invalid_argument>>},
    Known{"std::domain_error", &make<Arrived<std::domain_error>>},
    Known{"std::length_error", &make<Arrived<std::length_error>>},
    Known{"std::out_of_range", &make<Arrived<std::out_of_range>>},
    Known{"std::logic_error", &make<Arrived<std::logic_error>>},
    Known{"std::range_error", &make<Arrived<std::range_error>>},
    Known{"std::overflow_error", &make<Arrived<std::overflow_error>>},
    Known{"std::underflow_error", &make<Arrived<std::underflow_error>>},
    Known{"std::runtime_error", &make<Arrived<std::runtime_error>>},
    Known{"std::bad_alloc", &make<ArrivedWithText<std::bad_alloc>>},
    Known{"std::bad_array_new_length", &make<ArrivedWithText<std::bad_array_new_length>>},
    Known{"std::bad_cast", &make<ArrivedWithText<std::bad_cast>>},
    Known{"std::bad_typeid", &make<ArrivedWithText<std::bad_typeid>>},
    Known{"std::bad_exception", &make<ArrivedWithText<std::bad_exception>>},
    Known{"std::bad_optional_access", &make<ArrivedWithText<std::bad_optional_access>>},
    Known{"std::bad_variant_access", &make<ArrivedWithText<std::bad_variant_access>>},
    Known{"std::bad_function_call", &make<ArrivedWithText<std::bad_function_call>>},
    Known{"std::bad_weak_ptr", &make<ArrivedWithText<std::bad_weak_ptr>>},
    Known{"std::exception", &make<ArrivedWithText<std::exception>>},
    Known{"rondo::RuntimeError", &make<Arrived<RuntimeError>>},
    Known{"rondo::TimeoutError", &make<Arrived<TimeoutError>>},
    Known{"rondo::InvalidStateError", &make<Arrived<InvalidStateError>>},
};

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

/// "generic 2" or "system 2"; nothing for other categories, whose numbers nobody here can read.
bool read_code(std::string_view text, std::error_code& code) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  int value = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), value);
  const bool generic = text.substr(0, space) == "generic";
  if (!generic && text.substr(0, space) != "system") return false;
  code = std::error_code(value, generic ? std::generic_category() : std::system_category());
  return true;
}

}  // namespace

std::string archive_exception(const std::exception_ptr& error) {
  std::string code;
  std::string text;
  std::string type = "an unknown type";
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& system) {
    type = demangled(&typeid(system));
    code = std::string(system.code().category().name()) + " " + std::to_string(system.code().value());
    text = system.what();
  } catch (const std::exception& standard) {
    type = demangled(&typeid(standard));
    text = standard.what();
  } catch (...) {
    type = demangled(abi::__cxa_current_exception_type());
    text = "an exception that is no std::exception";
  }
  return type + "\n" + code + "\n" + text;
}

std::exception_ptr restore_exception(std::string_view bytes, std::string worker, std::string function) {
  const std::string type(take_line(bytes));
  const std::string_view code_text = take_line(bytes);
  const std::string where = " (in " + function + ", worker " + worker + ")";
  const std::string text = std::string(bytes) + where;
  RemoteOrigin origin(type, std::move(worker), std::move(function));
  if (std::error_code code; read_code(code_text, code)) {
    return std::make_exception_ptr(ArrivedSystemError(code, text, std::move(origin)));
  }
  for (const Known& each : known) {
    if (each.type == type) return each.restore(text, std::move(origin));
  }
  return std::make_exception_ptr(RemoteError(type + ": " + text, std::move(origin)));
}

}  // namespace rondo
