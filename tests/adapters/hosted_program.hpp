// SPDX-License-Identifier: BSL-1.0
// hosted_program.hpp - what the tests of all hosts begin with: a host, a backend, and the reports of the loop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "test_backend.hpp"
#include "test_host.hpp"

using namespace std::chrono_literals;

class HostedProgram {
 public:
  using Clock = std::chrono::steady_clock;

  explicit HostedProgram(rondo::adapters::HostedOptions options = {}) : options_(options) {
    if (!options_.backend) options_.backend = backend_.get();
  }
  ~HostedProgram() {
    if (host_ && hosted_ && !hosted_->done()) hosted_->abandon();
  }

  TestHost& host() { return *host_; }
  rondo::Backend& backend() { return *backend_; }

  /// The host quits when it is done.
  rondo::adapters::Hosted<int>& start(rondo::Coro<int> main) {
    hosted_.emplace(host_->start(std::move(main), options_));
    hosted_->loop().set_exception_handler([this](const rondo::ErrorContext& context) { hear(context); });
    hosted_->on_done([this](const rondo::Outcome<int>&) { host_->quit(); });
    return *hosted_;
  }
  rondo::adapters::Hosted<int>& hosted() { return *hosted_; }
  void drop_handle() { hosted_.reset(); }

  /// Runs the host to the end of main; fails after 20 s.
  void run() {
    host_->once(20s, [this] {
      late_ = true;
      host_->quit();
    });
    host_->run();
    CHECK_FALSE(late_);
  }

  void destroy_host() {
    if (!host_->tells_of_its_end()) hosted_->abandon();
    host_->destroy();
  }

  const std::vector<std::string>& reports() const { return reports_; }
  bool has_report(std::string_view part) const {
    for (const std::string& report : reports_) {
      if (report.find(part) != std::string::npos) return true;
    }
    return false;
  }
  void hear(const rondo::ErrorContext& context) {
    std::string text = context.message + ": " + context.subject;
    if (context.exception) text += ": " + rondo::describe(context.exception);
    reports_.push_back(std::move(text));
  }

 private:
  std::unique_ptr<rondo::Backend> backend_ = make_test_backend();
  rondo::adapters::HostedOptions options_;
  std::unique_ptr<TestHost> host_ = make_test_host();
  std::optional<rondo::adapters::Hosted<int>> hosted_;
  std::vector<std::string> reports_;
  bool late_ = false;
};
