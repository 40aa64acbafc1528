"""The errors Upbit documents, by name, with their HTTP status and their English and Korean messages."""

from dataclasses import dataclass
import json


@dataclass(frozen=True, slots=True)
class DocumentedError:
    """One row of the error table."""

    status: int
    english: str
    korean: str


ERRORS: dict[str, DocumentedError] = {
    "invalid_access_key": DocumentedError(401, "The access key is not valid.", "잘못된 엑세스 키입니다."),
    "jwt_verification": DocumentedError(
        401, "Failed to verify the JWT token.", "JWT 토큰 검증에 실패했습니다."
    ),
    "expired_access_key": DocumentedError(401, "The API key has expired.", "API 키가 만료되었습니다."),
    "no_authorization_ip": DocumentedError(401, "This is not a verified IP.", "인증되지 않은 IP입니다."),
    "no_authorization_i_p": DocumentedError(401, "This is not a verified IP.", "인증되지 않은 IP입니다."),
    "out_of_scope": DocumentedError(401, "The key has no permission for this call.", "권한이 부족합니다."),
    "nonce_used": DocumentedError(401, "The nonce has already been used.", "이미 사용된 nonce입니다."),
    "no_authorization_token": DocumentedError(
        401, "The request has no authorization token.", "인증 토큰이 없습니다."
    ),
    "invalid_query_payload": DocumentedError(
        401,
        "The query in the JWT payload is not valid.",
        "JWT 페이로드의 쿼리가 올바르지 않습니다.",
    ),
    "too_many_requests": DocumentedError(429, "Too many requests.", "요청이 너무 많습니다."),
    "I'm a teapot": DocumentedError(
        418,
        "Blocked for a while after too many requests.",
        "과도한 요청으로 잠시 차단되었습니다.",
    ),
    "INVALID_AUTH": DocumentedError(
        401, "The authentication is not valid.", "인증 정보가 올바르지 않습니다."
    ),
    "WRONG_FORMAT": DocumentedError(400, "The format is wrong.", "Format이 맞지 않습니다."),
    "NO_TICKET": DocumentedError(400, "The ticket is missing.", "티켓이 존재하지 않거나 유효하지 않습니다."),
    "NO_TYPE": DocumentedError(400, "The type is missing.", "type 필드가 존재하지 않습니다."),
    "NO_CODES": DocumentedError(400, "The codes are missing.", "codes 필드가 존재하지 않습니다."),
    "INVALID_PARAM": DocumentedError(400, "A parameter is not valid.", "요청 파라미터가 올바르지 않습니다."),
    "Too Many Requests": DocumentedError(429, "Too many requests.", "요청이 너무 많습니다."),
}

# The quotation endpoints name an error by its status.
QUOTATION_ERRORS: dict[int, DocumentedError] = {
    400: DocumentedError(400, "Missing or wrong parameter.", "잘못된 파라미터입니다."),
    404: DocumentedError(404, "Code not found", "코드를 찾을 수 없습니다."),
    418: DocumentedError(418, "Blocked after too many requests.", "과도한 요청으로 차단되었습니다."),
    429: DocumentedError(429, "Too many API requests.", "요청이 너무 많습니다."),
}


class ApiError(Exception):
    """A request that the exchange answers with a documented error.

    `name` is a key of `ERRORS`, any other text to answer an undocumented one, or an integer as on the quotation
    endpoints; `status` overrides the documented HTTP status.
    """

    def __init__(self, name: str | int, *, status: int | None = None) -> None:
        super().__init__(name)
        self.name = name
        documented = _documented(name)
        self.status = status or (documented.status if documented else 401)

    def body(self, *, korean: bool) -> str:
        """Return the JSON text of the error, the same over REST and in a frame."""
        return error_body(self.name, korean=korean)


def _documented(name: str | int) -> DocumentedError | None:
    return ERRORS.get(name) if isinstance(name, str) else QUOTATION_ERRORS.get(name)


def error_body(name: str | int, *, korean: bool) -> str:
    """Return `{"error": {"name": …, "message": …}}`; quotation endpoints use an integer name."""
    documented = _documented(name)
    if documented is None:
        message = "알 수 없는 오류입니다." if korean else "Unknown error."
    else:
        message = documented.korean if korean else documented.english
    return json.dumps({"error": {"name": name, "message": message}}, ensure_ascii=False)
