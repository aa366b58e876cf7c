"""What a service answers when it refuses: the errors of botocore, with the codes of AWS."""

from __future__ import annotations

from botocore.exceptions import ClientError


class NotSimulated(BaseException):
    """The product asks for what the simulation does not know, or the simulation is at fault.

    No Exception, so that no code under test takes it for an answer of AWS and goes on.
    """


class Refused(Exception):
    """A service refuses a request. The network makes a ClientError of it, which names the operation.

    Args:
        code: of AWS.
        message: for a person.
        status: of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code, self.message, self.status = code, message, status

    def as_client_error(self, operation: str) -> ClientError:
        """As boto3 raises it.

        Args:
            operation: the client's method, such as `put_object`.
        """
        name = "".join(part.capitalize() for part in operation.split("_"))
        response = {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"HTTPStatusCode": self.status},
        }
        return ClientError(response, name)
