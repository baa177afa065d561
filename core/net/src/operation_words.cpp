// SPDX-License-Identifier: BSL-1.0
// operation_words.cpp - see operation_words.hpp.
#include <rondo/net/operation_words.hpp>

#include <rondo/endpoint.hpp>
#include <rondo/net/printable.hpp>
#include <rondo/net/spawn.hpp>

namespace rondo {

/// Of what happens at a socket, or makes one.
static std::string describe_socket(const Output& output, const std::string& handle) {
  switch (output.kind) {
    case OperationKind::connect:
      return "a connection to " + output.endpoint->remote.str() +
             (output.endpoint->local ? " from " + output.endpoint->local.str() : "");
    case OperationKind::listen:
      return "a listener at " + output.endpoint->local.str();
    case OperationKind::open_datagram:
      return "a datagram socket" + (output.endpoint->local ? " at " + output.endpoint->local.str() : "") +
             (output.endpoint->remote ? " that talks to " + output.endpoint->remote.str() : "");
    case OperationKind::adopt:
      return "the adoption of descriptor " + handle;
    case OperationKind::accept:
      return "the next connection of listener " + handle;
    case OperationKind::recv:
      return "bytes from socket " + handle;
    case OperationKind::send:
      return "socket " + handle + " to take bytes";
    case OperationKind::recv_from:
      return "a datagram from socket " + handle;
    case OperationKind::send_to:
      return "socket " + handle + " to take a datagram" +
             (output.datagram->address ? " for " + output.datagram->address.str() : "");
    case OperationKind::shutdown:
    case OperationKind::close:
      return "socket " + handle + " to close";
    default:
      return "an operation at socket " + handle;
  }
}

std::string describe(const Output& output) {
  const std::string handle = std::to_string(output.handle);
  switch (output.kind) {
    case OperationKind::readable:
      return "descriptor " + handle + " to be readable";
    case OperationKind::writable:
      return "descriptor " + handle + " to be writable";
    case OperationKind::signal:
      return "signal " + handle;
    case OperationKind::interrupt:
      return "Ctrl-C";
    case OperationKind::close_executor:
      return "the end of the default executor";
    case OperationKind::job:
      return "a job on an executor";
    case OperationKind::connect:
    case OperationKind::listen:
    case OperationKind::open_datagram:
    case OperationKind::adopt:
    case OperationKind::accept:
    case OperationKind::recv:
    case OperationKind::send:
    case OperationKind::recv_from:
    case OperationKind::send_to:
    case OperationKind::shutdown:
    case OperationKind::close:
      return describe_socket(output, handle);
    case OperationKind::resolve:
      return "the addresses of '" + printable(output.lookup->host) + "'";
    case OperationKind::pipe:
      return "a pipe";
    case OperationKind::spawn:
      return "the start of '" + printable(output.spawn->program) + "'" +
             (output.spawn->directory.empty() ? "" : " in '" + printable(output.spawn->directory) + "'");
    case OperationKind::child:
      return "the end of process " + handle;
    case OperationKind::kill:
      return "a signal to process " + handle;
  }
  return "an operation of the backend";
}

WaitWords operation_words(const Parking& parking) {
  const auto& operation = static_cast<const Operation&>(parking);
  if (!operation.in_flight()) return "goes on soon: its operation is done";
  return "waits for " + describe(operation.task()->kernel().operations().output_of(operation));
}

}  // namespace rondo
