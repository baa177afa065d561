// SPDX-License-Identifier: BSL-1.0
// remote_error.hpp - exceptions that have crossed from another process.
#pragma once

#include <rondo/kernel/language.hpp>

#include <exception>
#include <string>
#include <string_view>

#include <rondo/error.hpp>

namespace rondo {

/// Where an exception comes from. One of the standard library, a RuntimeError or a TimeoutError arrives as its own
/// type, and is one of these as well: `catch (const std::invalid_argument& error)` works, and so does
/// `dynamic_cast<const RemoteOrigin*>(&error)`.
class RemoteOrigin {
 public:
  RemoteOrigin(std::string type, std::string worker, std::string function)
      : type_(std::move(type)), worker_(std::move(worker)), function_(std::move(function)) {}
  virtual ~RemoteOrigin() = default;
  const std::string& type() const { return type_; }          // "std::invalid_argument"
  const std::string& worker() const { return worker_; }      // "rondo-0 (pid 4711)"
  const std::string& function() const { return function_; }  // "cpu_bound"

 private:
  std::string type_;
  std::string worker_;
  std::string function_;
};

/// An exception of a type that cannot cross: its text, and the type's name.
class RemoteError : public RuntimeError, public RemoteOrigin {
 public:
  RemoteError(const std::string& text, RemoteOrigin origin) : RuntimeError(text), RemoteOrigin(std::move(origin)) {}
};

/// A worker of a process pool has died: what() says how, at what, and what it last wrote to standard error. Source:
/// concurrent.futures.process.BrokenProcessPool.
class BrokenProcessPool : public RuntimeError {
  using RuntimeError::RuntimeError;
};

/// In the worker: the exception as bytes. Never fails for want of a std::exception.
std::string archive_exception(const std::exception_ptr& error);
/// In the parent: the exception again, its text with the origin behind it.
std::exception_ptr restore_exception(std::string_view bytes, std::string worker, std::string function);

}  // namespace rondo
