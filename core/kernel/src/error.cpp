// SPDX-License-Identifier: BSL-1.0
// error.cpp - the texts of errors.
#include <rondo/error.hpp>

#include <rondo/kernel/text.hpp>

namespace rondo {
namespace {

/// The CancelledError in `error`, which keeps it; null if that is something else.
const CancelledError* cancellation_in(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& cancelled) {
    return &cancelled;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

std::string describe(const std::exception_ptr& error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const CancelledError& e) {
    return e.message().empty() ? "CancelledError" : text_of({"CancelledError: ", e.message()});
  } catch (const GeneratorExit&) {
    return "GeneratorExit";
  } catch (const KeyboardInterrupt&) {
    return "KeyboardInterrupt";
  } catch (...) {
    return "unknown exception";
  }
}

bool is_cancelled_error(const std::exception_ptr& error) noexcept { return cancellation_in(error) != nullptr; }

Message cancel_message(const std::exception_ptr& error) noexcept {
  const CancelledError* const cancelled = cancellation_in(error);
  return cancelled ? cancelled->shared_message() : Message();
}

bool is_keyboard_interrupt(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const KeyboardInterrupt&) {
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace rondo
