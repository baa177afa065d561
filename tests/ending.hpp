// SPDX-License-Identifier: BSL-1.0
// ending.hpp - how something ended, in a word or two: "7", "void", "value", "cancelled", "cancelled (why)",
// "TimeoutError", "InvalidStateError", "std::system_error 9", or what().
#pragma once

#include <exception>
#include <string>
#include <system_error>
#include <type_traits>

#include <rondo/rondo.hpp>

inline std::string system_error_text(int code) { return "std::system_error " + std::to_string(code); }

inline std::string ending_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const rondo::CancelledError& cancelled) {
    if (cancelled.message().empty()) return "cancelled";
    return "cancelled (" + std::string(cancelled.message()) + ")";
  } catch (const rondo::TimeoutError&) {
    return "TimeoutError";
  } catch (const rondo::InvalidStateError&) {
    return "InvalidStateError";
  } catch (const std::system_error& system) {
    return system_error_text(system.code().value());
  } catch (...) {
    return rondo::describe(error);
  }
}

template <class T>
std::string ending_of(const rondo::Outcome<T>& outcome) {
  if (!outcome.has_value()) return ending_of(outcome.exception());
  if constexpr (std::is_void_v<T>) {
    return "void";
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return outcome.value();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(outcome.value());
  } else {
    return "value";
  }
}
