// SPDX-License-Identifier: BSL-1.0
// error.cpp - the texts of errors.
#include <rondo/error.hpp>

namespace rondo {

ExceptionGroup::ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> exceptions)
    : message_(message), exceptions_(std::move(exceptions)) {
  what_ = message_ + " (" + std::to_string(exceptions_.size()) + " sub-exception" +
          (exceptions_.size() == 1 ? ")" : "s)");
  for (const auto& error : exceptions_) {
    std::string line = describe(error);
    for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at + 1)) {
      line.replace(at, 1, "\n    ");
    }
    what_ += "\n  - " + line;
  }
}

std::string describe(const std::exception_ptr& error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const CancelledError& e) {
    return e.message().empty() ? "CancelledError" : "CancelledError: " + std::string(e.message());
  } catch (const GeneratorExit&) {
    return "GeneratorExit";
  } catch (const KeyboardInterrupt&) {
    return "KeyboardInterrupt";
  } catch (...) {
    return "unknown exception";
  }
}

bool is_cancelled_error(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

Message cancel_message(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    return e.shared_message();
  } catch (...) {
    return Message();
  }
}

}  // namespace rondo
