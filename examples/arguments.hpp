// SPDX-License-Identifier: BSL-1.0
// arguments.hpp - the options of the network examples, and what a server does until it is told to end.
//
//   PROGRAM                       a demonstration: both ends in one program
//   PROGRAM --listen PORT         a server at 127.0.0.1, with port 0 at a free one; Ctrl-C and SIGTERM end it
//   PROGRAM --connect HOST:PORT   a client; --to HOST:PORT is the same for a server that has a server of its own
//   --patience SECONDS            how long the proxy keeps a connection of which one way has ended and nothing moves
//   --backend NAME                epoll, io_uring, libevent or asio, if it was built; --sim in simulated time
#pragma once

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#ifdef EXAMPLES_HAVE_ASIO
#include <rondo/backends/asio.hpp>
#endif
#include <rondo/backends/epoll.hpp>
#ifdef EXAMPLES_HAVE_IO_URING
#include <rondo/backends/io_uring.hpp>
#endif
#ifdef EXAMPLES_HAVE_LIBEVENT
#include <rondo/backends/libevent.hpp>
#endif
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

struct Arguments {
  std::string backend;                  // empty: the one that run() uses
  std::optional<std::uint16_t> listen;  // --listen
  std::optional<HostPort> peer;         // --connect, --to
  rondo::Duration patience = std::chrono::minutes(1);
};

[[noreturn]] inline void refuse_arguments(std::string_view why) {
  std::cerr << why << "\noptions: --listen PORT, --connect HOST:PORT, --to HOST:PORT, --patience SECONDS, "
            << "--backend NAME, --sim\n";
  std::exit(2);
}

/// A port, or another small number.
inline std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) refuse_arguments("no number: " + std::string(text));
  return port;
}

inline Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--sim") {
      arguments.backend = "sim";
      continue;
    }
    if (++i == argc) refuse_arguments("what is " + std::string(option) + "?");
    const std::string_view value = argv[i];
    const auto colon = value.rfind(':');
    if (option == "--backend") {
      arguments.backend = value;
    } else if (option == "--listen") {
      arguments.listen = parse_port(value);
    } else if (option == "--patience") {
      arguments.patience = std::chrono::seconds(parse_port(value));
    } else if ((option == "--connect" || option == "--to") && colon != value.npos) {
      arguments.peer = {std::string(value.substr(0, colon)), parse_port(value.substr(colon + 1))};
    } else {
      refuse_arguments("what is " + std::string(option) + " " + std::string(value) + "?");
    }
  }
  return arguments;
}

inline std::unique_ptr<rondo::Backend> make_backend(const std::string& name) {
  if (name.empty()) return rondo::make_default_backend();
  if (name == "sim") return std::make_unique<rondo::sim::SimBackend>();
  if (name == "epoll") return std::make_unique<rondo::EpollBackend>();
#ifdef EXAMPLES_HAVE_LIBEVENT
  if (name == "libevent") return std::make_unique<rondo::LibeventBackend>();
#endif
#ifdef EXAMPLES_HAVE_IO_URING
  if (name == "io_uring") return std::make_unique<rondo::UringBackend>();
#endif
#ifdef EXAMPLES_HAVE_ASIO
  if (name == "asio") return std::make_unique<rondo::AsioBackend>();
#endif
  refuse_arguments("no backend " + name + " was built");
}

/// The exit status of the program: 1 if something in the world went wrong.
inline int run_program(const Arguments& arguments, rondo::Coro<> main) {
  try {
    const auto backend = make_backend(arguments.backend);
    rondo::run(*backend, std::move(main));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}

/// Says where `server` listens, and serves until Ctrl-C or SIGTERM. What is left of connections, run() then cancels.
inline rondo::Coro<> serve(rondo::Server server) {
  std::cout << "listening at " << server.addresses().front().str() << std::endl;
  const auto told_to_end = std::make_shared<rondo::Event>("told to end");
  for (const int signal : {SIGINT, SIGTERM}) {
    rondo::this_loop().add_signal_handler(signal, [told_to_end] { told_to_end->set(); });
  }
  co_await told_to_end->wait();
  for (const int signal : {SIGINT, SIGTERM}) rondo::this_loop().remove_signal_handler(signal);
  server.close();
  std::cout << "closed" << std::endl;
}
