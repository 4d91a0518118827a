from rest_framework import serializers, viewsets

from library.loans.models import Loan


class LoanSerializer(serializers.ModelSerializer):
    title = serializers.CharField(source="book.title", read_only=True)

    class Meta:
        model = Loan
        fields = ["id", "book", "title", "due", "returned"]


class LoanViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = LoanSerializer

    def get_queryset(self):
        return Loan.objects.filter(reader=self.request.user)
